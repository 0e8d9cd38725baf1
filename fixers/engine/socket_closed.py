"""Set group and mode of the socket as in its settings."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.files import SetAttributes
from doctor.facts.engine.socket_access import SocketAccess


@fixer(applicability=Applicability.SAFE)
def socket_closed(detail: SocketAccess) -> Iterator[Action]:
    """Set group and mode; permissions for all users are never added."""
    if detail.found is None:
        return
    mode = (detail.found[0] | (detail.mode & 0o660)) & 0o7777
    what = f"set group {detail.group} and mode {mode:04o} of {detail.path}, as in {detail.place}"
    yield SetAttributes(path=detail.path, what=what, mode=mode, gid=detail.gid)
