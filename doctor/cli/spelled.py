"""Spells doctor's commands so that they work when pasted: also if doctor is not on PATH, and with sudo."""

import os
import sys

from doctor import IS_ONE_FILE

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_-+=:,./")  # to every shell
# sudo on Debian and on Red Hat searches these; a doctor installed elsewhere (pipx, a virtual environment) needs its path.
_SECURE_PATH = frozenset({"/usr/sbin", "/usr/bin", "/sbin", "/bin"})
_PLUGIN = "docker-doctor"
# The docker command of every user, root too, searches these (cli-plugins/manager/manager_unix.go).
_PLUGIN_PLACES = frozenset(
    f"/usr/{place}/docker/cli-plugins" for place in ("local/lib", "local/libexec", "lib", "libexec")
)


def is_plugin() -> bool:
    """Whether the docker command started this: its user types "docker doctor"."""
    return os.path.basename(sys.argv[0]) == _PLUGIN


def program() -> str:
    """Return the absolute path of this doctor: next to its interpreter, else as it was started; "" if unknown."""
    if IS_ONE_FILE:
        return sys.executable
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "doctor")
    for path in (beside, os.path.abspath(sys.argv[0])):
        if os.path.basename(path) == "doctor" and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return ""


def name() -> str:
    """Return the command name for this user: "docker doctor", "doctor" if PATH finds it, else the absolute path."""
    if is_plugin():
        return "docker doctor"
    for directory in os.get_exec_path():
        found = os.path.join(directory, "doctor")
        if os.path.isfile(found) and os.access(found, os.X_OK):
            is_this = not program() or os.path.realpath(found) == os.path.realpath(program())
            return "doctor" if is_this else _quoted(program())
    return _quoted(program()) if program() else "doctor"


def moved() -> tuple[tuple[str, str], ...]:
    """Return the variables that move doctor's own directories, to pass on where the environment is dropped."""
    names = ("DOCTOR_CONFIG", "DOCTOR_STATE_DIR")
    return tuple((key, os.path.abspath(os.environ[key])) for key in names if os.environ.get(key))


def command(*words: str) -> str:
    """Return a doctor command as this user types it."""
    return " ".join([name(), *map(_quoted, words)])


def as_root(*words: str) -> str:
    """Return a doctor command for root; without words, the current command with all its options.

    sudo uses its own search path and drops the environment, so the path and doctor's variables are spelled out.
    """
    path = program()
    spelled = "doctor" if not path or os.path.dirname(path) in _SECURE_PATH else _quoted(path)
    if is_plugin() and os.path.dirname(sys.argv[0]) in _PLUGIN_PLACES:
        spelled = name()
    variables = [f"{key}={_quoted(value)}" for key, value in moved()]
    return " ".join(["sudo", *variables, spelled, *map(_quoted, words or sys.argv[1:])])


def pasted(text: str) -> str:
    """Return a text with each quoted doctor command ('doctor scan') spelled as this user types it."""
    return text if name() == "doctor" else text.replace("'doctor ", f"'{name()} ")


def _quoted(word: str) -> str:
    if _PLAIN.issuperset(word) and word:
        return word
    from shlex import quote  # costs a millisecond, and ordinary paths don't need it

    return quote(word)
