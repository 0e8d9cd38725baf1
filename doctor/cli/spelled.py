"""How a command of doctor's is spelled so that it works when it is pasted: where doctor is not on PATH, and behind sudo."""

import os
import sys

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_-+=:,./")  # to every shell
# Searched by sudo on Debian and on Red Hat; a doctor that stands elsewhere (pipx, a virtual environment) needs its path.
_SECURE_PATH = frozenset({"/usr/sbin", "/usr/bin", "/sbin", "/bin"})


def program() -> str:
    """Return the absolute path of this doctor, "" where there is none: beside its interpreter, else as it was started."""
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "doctor")
    for path in (beside, os.path.abspath(sys.argv[0])):
        if os.path.basename(path) == "doctor" and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return ""


def name() -> str:
    """Return the word that this user types for this doctor: "doctor" where PATH finds it, else its absolute path."""
    for directory in os.get_exec_path():
        found = os.path.join(directory, "doctor")
        if os.path.isfile(found) and os.access(found, os.X_OK):
            is_this = not program() or os.path.realpath(found) == os.path.realpath(program())
            return "doctor" if is_this else _quoted(program())
    return _quoted(program()) if program() else "doctor"


def moved() -> tuple[tuple[str, str], ...]:
    """Return the variables that move doctor's own places: who starts doctor with a bare environment must hand them on."""
    names = ("DOCTOR_CONFIG", "DOCTOR_STATE_DIR")
    return tuple((key, os.path.abspath(os.environ[key])) for key in names if os.environ.get(key))


def command(*words: str) -> str:
    """Return a command of doctor's as this user types it."""
    return " ".join([name(), *map(_quoted, words)])


def as_root(*words: str) -> str:
    """Return a command of doctor's for root; without words the one that runs now, with all its options.

    sudo searches only its own path and drops the environment: the path is spelled out, and so are doctor's own variables.
    """
    path = program()
    spelled = "doctor" if not path or os.path.dirname(path) in _SECURE_PATH else _quoted(path)
    variables = [f"{key}={_quoted(value)}" for key, value in moved()]
    return " ".join(["sudo", *variables, spelled, *map(_quoted, words or sys.argv[1:])])


def pasted(text: str) -> str:
    """Return a text with each command of doctor's that stands in quotes ('doctor scan') spelled as this user types it."""
    return text if name() == "doctor" else text.replace("'doctor ", f"'{name()} ")


def _quoted(word: str) -> str:
    if _PLAIN.issuperset(word) and word:
        return word
    from shlex import quote  # a millisecond of every scan that an ordinary path does not need

    return quote(word)
