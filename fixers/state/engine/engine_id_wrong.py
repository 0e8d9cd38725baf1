"""Restore the engine's ID, or let the engine create a new one."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.files import Quarantine
from doctor.api.actions.state import restore
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def engine_id_wrong(detail: OfFile, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Restore the ID from the backup; otherwise move the file to quarantine."""
    kept = backup.files.get(detail.path) if isinstance(backup, MetadataBackup) else None
    if kept is not None:
        yield restore(detail.path, kept, what="restore the engine's ID", stage=Stage.CLEAR)
        return
    yield Quarantine(path=detail.path, why="the engine creates a new ID at its next start")
