"""Remove excess permissions."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import SetAttributes
from doctor.facts.engine.guarded_files import GuardedFile


@fixer(applicability=Applicability.SAFE)
def file_modes(detail: GuardedFile) -> Iterator[Action]:
    """Remove only the excess bits; for a wrong owner, show advice."""
    if detail.uid != 0:
        yield Advise(
            text=f"find out why {detail.path} belongs to user {detail.uid}, then chown root:root {detail.path}"
        )
        return
    mode = detail.mode & ~(detail.excess & 0o066) & 0o7777
    yield SetAttributes(path=detail.path, what=f"set the mode of {detail.path} to {mode:04o}", mode=mode)
