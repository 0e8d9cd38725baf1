"""What a user who is not root can't see of doctor's own records: said first, with the command that can."""

import os

from doctor.cli.common import Shared
from doctor.cli.spelled import as_root
from doctor.model.errors import RefusedError
from doctor.state.paths import STATE_DIR, state_dir


def is_blind() -> bool:
    """Whether there are records of doctor's that this user can't read."""
    if os.geteuid() == 0:
        return False
    try:
        os.lstat(_place())
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(_place(), os.R_OK | os.X_OK)


def tell(what: str, shared: Shared) -> bool:
    """Say what can't be seen, if anything; return whether that is so. ``what`` names it ("repairs")."""
    if is_blind():
        shared.progress(f"{_sentence(what)}: run '{as_root()}'")
        return True
    return False


def refuse(what: str) -> None:
    """Raise ``RefusedError`` where it can't be seen: "there is none" would be a guess."""
    if is_blind():
        raise RefusedError(_sentence(what), do=f"run '{as_root()}'")


def _sentence(what: str) -> str:
    return f"without root, the {what} recorded in {_place()} can't be seen"


def _place() -> str:
    """Return where root's records are; a user's own are elsewhere unless a variable says so."""
    return state_dir() if os.environ.get("DOCTOR_STATE_DIR") else STATE_DIR
