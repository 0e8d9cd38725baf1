"""Write a volume's options from their second copy."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.api.actions.state import Rebuild, WantedPath, restore
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.databases.databases import VolumeDatabase, VolumeRecord
from doctor.facts.volumes.details import VolumeOptions
from doctor.facts.volumes.volumes import options_content
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def volume_opts_corrupt(
    detail: VolumeOptions, database: VolumeDatabase | Missing, backup: MetadataBackup | Missing
) -> Iterator[Action]:
    """Write the options in the volume database, otherwise those in the backup; without either, show the needed values."""
    record: VolumeRecord | None = None
    if isinstance(database, VolumeDatabase):
        record = database.records.get(detail.volume)
    content = None if record is None else options_content(record.options)
    kept = backup.files.get(detail.path) if isinstance(backup, MetadataBackup) else None
    if (record is None or content is None) and kept is not None:
        yield restore(detail.path, kept, what=f"restore the options of volume {detail.volume}", stage=Stage.DATABASES)
    elif record is None or content is None:
        yield Advise(
            text=f"write the options of docker volume create for volume {detail.volume} to {detail.path} "
            "(MountType, MountDevice, MountOpts): no second copy exists"
        )
    elif not record.options:
        yield Quarantine(
            path=detail.path, why=f"volume {detail.volume} has no options and needs no such file", stage=Stage.DATABASES
        )
    else:
        yield Rebuild(
            items=(WantedPath(path=detail.path, node=File(content=content), mode=0o600),),
            what=f"write the options of volume {detail.volume} from the volume database",
            stage=Stage.DATABASES,
        )
