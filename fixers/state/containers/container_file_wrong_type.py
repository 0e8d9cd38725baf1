"""Quarantine a directory in place of a container's file."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import Quarantine
from doctor.facts.containers.details import WrongType


@fixer(applicability=Applicability.SAFE)
def container_file_wrong_type(detail: WrongType) -> Iterator[Action]:
    """Move the directories to quarantine."""
    for path in detail.paths:
        yield Quarantine(path=path, why="the engine writes a file there when the container starts", stage=Stage.MOUNTS)
