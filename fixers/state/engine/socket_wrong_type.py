"""Remove a directory in place of the engine's socket."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.facts.engine.details import SocketBlocked


@fixer(applicability=Applicability.SAFE)
def socket_wrong_type(detail: SocketBlocked) -> Iterator[Action]:
    """Move the directory to quarantine; leave a mount to the administrator."""
    if detail.is_movable:
        yield Quarantine(path=detail.path, why="the engine's socket belongs there")
    else:
        yield Advise(
            text=f"findmnt {detail.path} shows what is mounted there; umount {detail.path}, then 'doctor fix --apply'"
        )
