"""Make a file writable for the engine."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import SetAttributes
from doctor.facts.engine.details import Held


@fixer(applicability=Applicability.SAFE)
def immutable_attribute(detail: Held) -> Iterator[Action]:
    """Clear the flag; keep content, mode and owner."""
    if detail.is_guard:
        yield Advise(
            text=f"mount the disk that belongs on {detail.path}; without such a disk: chattr -ia {detail.path}",
        )
        return
    yield SetAttributes(
        path=detail.path, flags=0, what=f"clear the immutable attribute of {detail.path}", stage=Stage.CLEAR
    )
