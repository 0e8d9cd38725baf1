"""Repair or rebuild the volume database."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import Rebuild, RepairDatabase, WantedPath
from doctor.facts.backup.files import KeptVolumes
from doctor.facts.databases.databases import MENDS, VolumeDatabase
from doctor.facts.details import OfFile
from doctor.facts.volumes.volumes import Volumes
from doctor.model.step import File
from doctor.rebuild.volumes.records import rebuild_volumes


@fixer(applicability=Applicability.SAFE)
def volume_db_corrupt(
    detail: OfFile, database: VolumeDatabase, volumes: Volumes | Missing, kept: KeptVolumes | Missing
) -> Iterator[Action]:
    """Open it at a valid tree; otherwise write the records from pages, the backup and the volumes' directories."""
    path = detail.path
    if database.file.remedy:
        yield EditFile(
            path=path,
            edit=database.file.flip or RepairDatabase(),
            what=f"repair the volume database: {MENDS[database.file.remedy]}",
            stage=Stage.DATABASES,
        )
        return
    found = volumes if isinstance(volumes, Volumes) else Volumes(top=path)
    rebuilt = rebuild_volumes(database, found, kept)
    yield Rebuild(
        items=(WantedPath(path=path, node=File(content=rebuilt.content), mode=0o600),),
        what=f"rebuild the volume database: {rebuilt.origin}",
        stage=Stage.DATABASES,
    )
