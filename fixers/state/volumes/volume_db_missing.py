"""Write a record for each volume."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.backup.files import KeptVolumes
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.details import OfFile
from doctor.facts.volumes.volumes import Volumes
from doctor.model.step import File
from doctor.rebuild.volumes.records import rebuild_volumes


@fixer(applicability=Applicability.SAFE)
def volume_db_missing(
    detail: OfFile, database: VolumeDatabase, volumes: Volumes, kept: KeptVolumes | Missing
) -> Iterator[Action]:
    """Write the records in the backup; derive those of other volumes from their directories."""
    rebuilt = rebuild_volumes(database, volumes, kept)
    yield Rebuild(
        items=(WantedPath(path=detail.path, node=File(content=rebuilt.content), mode=0o600),),
        what=f"write a record for each volume: {rebuilt.origin}",
        stage=Stage.DATABASES,
    )
