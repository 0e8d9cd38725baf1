"""Let the engine write its file again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import SetAttributes


@fixer(applicability=Applicability.SAFE)
def immutable_attribute(finding: Finding) -> Iterator[Action]:
    """Clear the flag; content, mode and owner stay."""
    detail = finding.detail
    if detail.is_guard:
        yield Advise(
            text=f"mount the disk that belongs on {detail.path}; if none does: chattr -ia {detail.path}",
        )
        return
    yield SetAttributes(
        path=detail.path, flags=0, what=f"clear the immutable attribute of {detail.path}", stage=Stage.CLEAR
    )
