"""Clear the place of a container's file."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Stage, fixer
from doctor.api.actions.files import Quarantine


@fixer(applicability=Applicability.SAFE)
def container_file_wrong_type(finding: Finding) -> Iterator[Action]:
    """Move the directories into quarantine."""
    for path in finding.detail.paths:
        yield Quarantine(path=path, why="the engine writes a file there when the container starts", stage=Stage.MOUNTS)
