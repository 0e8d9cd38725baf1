"""Prevent the engine's start from deleting a container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Stage, fixer
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import SetMember
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def container_autoremove_pending(finding: Finding, detail: OfFile) -> Iterator[Action]:
    """Switch off ``AutoRemove``."""
    yield EditFile(
        path=detail.path,
        edit=SetMember(path=("AutoRemove",), value=False),
        what=f"switch off --rm of container {finding.subject.name}, so that the engine's start does not delete it",
        stage=Stage.GUARD,
    )
