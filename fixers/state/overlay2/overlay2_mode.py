"""Correct the mode of the layer directories."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import SetAttributes
from doctor.facts.details import OfFile
from doctor.facts.layers.directory_modes import DirectoryModes


@fixer(applicability=Applicability.SAFE)
def overlay2_mode(detail: OfFile, modes: DirectoryModes) -> Iterator[Action]:
    """Set the mode and owner that the engine uses; keep the group unless it may write."""
    path = detail.path
    mode = modes.right[path]
    yield SetAttributes(
        path=path,
        what=f"set {path} to mode {mode:04o} and owner {modes.uid}",
        mode=mode,
        uid=modes.uid,
        stage=Stage.LINKS,
    )
