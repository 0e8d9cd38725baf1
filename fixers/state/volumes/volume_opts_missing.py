"""Write a volume's options from their second copy."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.state import Rebuild, WantedPath, restore
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.volumes.details import VolumeOptions
from doctor.facts.volumes.volumes import options_content
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def volume_opts_missing(
    detail: VolumeOptions, database: VolumeDatabase, backup: MetadataBackup | Missing
) -> Iterator[Action]:
    """Write the options in the volume database, or the file in the backup if doctor does not know one of the options."""
    content = options_content(database.records[detail.volume].options)
    kept = backup.files.get(detail.path) if isinstance(backup, MetadataBackup) else None
    if content is None and kept is not None:
        yield restore(detail.path, kept, what=f"restore the options of volume {detail.volume}", stage=Stage.DATABASES)
        return
    if content is None:
        yield Advise(
            text=f"write {detail.path} manually (docker volume inspect on a host with the same volume shows its "
            "options): the volume database has an option that doctor does not know"
        )
        return
    yield Rebuild(
        items=(WantedPath(path=detail.path, node=File(content=content), mode=0o600),),
        what=f"write the options of volume {detail.volume} from the volume database",
        stage=Stage.DATABASES,
    )
