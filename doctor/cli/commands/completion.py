"""``doctor --install-completion``: installs one file where the shell looks for it; startup files are not changed."""

import os

from doctor.cli.completion.scripts import SHELLS, script
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.state.out import write_out


def install() -> int:
    """Write the completion for the current shell, print its path, and return 0."""
    shell = shell_name()
    path = _place(shell)
    _refuse_foreign_home()
    try:
        write_out(path, script(shell).encode(), make=True)
    except OSError as error:
        raise DoctorError(f"can't write the completion: {error.strerror}", where=path) from error
    print(f"wrote {path}; completion works in new {shell} sessions")
    if shell == "zsh":
        print("if it does not work, add this to ~/.zshrc: fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit")
    return ExitCode.OK


def shell_name() -> str:
    """Return the shell that started doctor: an interactive one, else the user's login shell."""
    try:
        with open(f"/proc/{os.getppid()}/comm", encoding="utf-8") as stream:
            name = stream.read().strip().lstrip("-")
    except OSError:
        name = ""
    return name if name in SHELLS else os.path.basename(os.environ.get("SHELL", ""))


def _place(shell: str) -> str:
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    places = {
        "bash": f"{data}/bash-completion/completions/doctor",
        "fish": f"{config}/fish/completions/doctor.fish",
        "zsh": "~/.zfunc/_doctor",
    }
    if shell not in places:
        raise UsageError(f"completion does not support '{shell}'", do=f"use {', '.join(SHELLS)}")
    return os.path.expanduser(places[shell])


def _refuse_foreign_home() -> None:
    """Raise ``RefusedError`` if root would write into another user's home (sudo keeps HOME on some systems)."""
    home = os.path.expanduser("~")
    try:
        owner = os.stat(home).st_uid
    except OSError as error:
        raise DoctorError(
            f"can't see the home directory: {error.strerror}", where=home, do="set HOME to one that exists"
        ) from error
    if os.geteuid() == 0 and owner != 0:
        raise RefusedError(
            "the home directory belongs to another user, and root would own the new file in it",
            where=home,
            do="run it without sudo",
        )
