"""Shows a user who is not root what is closed to him: doctor's own records, and the engine's socket."""

import os
import stat

from doctor.cli.common import SharedOptions
from doctor.cli.spelled import as_root
from doctor.engines.docker import places as docker
from doctor.model.errors import RefusedError
from doctor.state.paths import STATE_DIR, state_dir


def is_blind() -> bool:
    """Whether there are records that this user can't read."""
    if os.geteuid() == 0:
        return False
    try:
        os.lstat(_place())
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(_place(), os.R_OK | os.X_OK)


def warn(what: str, shared: SharedOptions) -> bool:
    """Warn if records can't be read; return whether that is so. ``what`` names them ("repairs")."""
    if is_blind():
        shared.progress(f"{_sentence(what)}: run '{as_root()}'")
        return True
    return False


def refuse(what: str) -> None:
    """Raise ``RefusedError`` if records can't be read: an empty list would be a guess."""
    if is_blind():
        raise RefusedError(_sentence(what), do=f"run '{as_root()}'")


def _sentence(what: str) -> str:
    return f"the {what} recorded in {_place()} can't be read without root"


def _place() -> str:
    """Return the directory of root's records; other users have their own unless DOCTOR_STATE_DIR is set."""
    return state_dir() if os.environ.get("DOCTOR_STATE_DIR") else STATE_DIR


def socket_note(path: str = docker.SOCKET) -> str:
    """Return why the docker commands of this user are refused, and how to change that; "" if they are not, or for root."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    if os.geteuid() == 0 or not stat.S_ISSOCK(found.st_mode) or os.access(path, os.R_OK | os.W_OK):
        return ""
    import grp
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        group = grp.getgrgid(found.st_gid) if found.st_gid and found.st_mode & 0o060 == 0o060 else None
    except KeyError:
        return ""
    start = f"docker commands of user {user} are refused: "
    if group is None:
        return f"{start}only root may use {path}; prefix them with sudo"
    name = group.gr_name
    if user in group.gr_mem:
        return f"{start}this login began before the user joined group {name}; log in again, or run 'newgrp {name}'"
    return (
        f"{start}only root and group {name} may use {path}; 'sudo usermod -aG {name} {user}' and a new login change that, "
        "but members of that group can become root"
    )
