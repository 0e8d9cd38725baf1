"""``doctor --install-completion``: installs one file where the shell looks for it; startup files are not changed."""

import os

from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.state.out import write_out


def install() -> int:
    """Write the completion for the current shell, print its path, and return 0."""
    from typer._completion_shared import _get_shell_name, get_completion_script

    shell = _get_shell_name() or os.path.basename(os.environ.get("SHELL", ""))
    path = _place(shell)
    script = get_completion_script(prog_name="doctor", complete_var="_DOCTOR_COMPLETE", shell=shell)
    _refuse_foreign_home()
    try:
        write_out(path, f"{script}\n".encode(), make=True)
    except OSError as error:
        raise DoctorError(f"can't write the completion: {error.strerror}", where=path) from error
    print(f"wrote {path}; completion works in new {shell} sessions")
    if shell == "zsh":
        print("if it does not work, add this to ~/.zshrc: fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit")
    return ExitCode.OK


def _place(shell: str) -> str:
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    places = {
        "bash": f"{data}/bash-completion/completions/doctor",
        "fish": f"{config}/fish/completions/doctor.fish",
        "zsh": "~/.zfunc/_doctor",
    }
    if shell not in places:
        raise UsageError(f"completion does not support '{shell}'", do=f"use {', '.join(places)}")
    return os.path.expanduser(places[shell])


def _refuse_foreign_home() -> None:
    """Raise ``RefusedError`` if root would write into another user's home (sudo keeps HOME on some systems)."""
    home = os.path.expanduser("~")
    if os.geteuid() == 0 and os.stat(home).st_uid != 0:
        raise RefusedError(
            "the home directory belongs to another user, and root would own the new file in it",
            where=home,
            do="run it without sudo",
        )
