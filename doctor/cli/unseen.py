"""Warns a user who is not root that doctor's own records are not readable, and shows the command that reads them."""

import os

from doctor.cli.common import SharedOptions
from doctor.cli.spelled import as_root
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
