"""Remove the permissions of other users from a socket."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.files import SetAttributes
from doctor.facts.engine.guarded_files import GuardedFile


@fixer(applicability=Applicability.SAFE)
def socket_open(detail: GuardedFile) -> Iterator[Action]:
    """Remove the excess bits; owner and group keep theirs."""
    mode = detail.mode & detail.allowed
    yield SetAttributes(path=detail.path, what=f"set the mode of {detail.path} to {mode:04o}", mode=mode)
