"""Recreate a volume's directory, or copy its record before the engine's start erases it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import CopyAside
from doctor.api.actions.state import Rebuild, WantedPath, aside
from doctor.engines.docker import places as docker
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.volumes.details import VolumeGone
from doctor.facts.volumes.volumes import options_content
from doctor.model.paths import HostPath, join, parent
from doctor.model.step import Directory, File


@fixer(applicability=Applicability.SAFE)
def volume_dir_missing(finding: Finding, detail: VolumeGone, database: VolumeDatabase) -> Iterator[Action]:
    """Recreate a volume whose options mount its data from elsewhere; otherwise copy the database, or show where to look.

    The directory of such a volume has only its options. ``_data``, where they are mounted, is never created.
    """
    record = database.records.get(finding.subject.name)
    options = {} if record is None else {key.lower(): value for key, value in record.options.items()}
    content = options_content(options) if options.get("device") else None
    if content is not None:
        top = HostPath(f"{parent(detail.database)}/{finding.subject.name}")
        yield Rebuild(
            items=(
                WantedPath(path=top, node=Directory(), mode=0o701),
                WantedPath(path=join(top, docker.VOLUME_OPTIONS), node=File(content=content), mode=0o600),
            ),
            what=f"recreate the directory of volume {finding.subject.name} with its options in the volume database, which "
            "name the place of its data",
            stage=Stage.DATABASES,
        )
        return
    if detail.is_guarded:
        yield CopyAside(
            path=detail.database,
            to=aside(docker.VOLUME_DATABASE),
            why="the engine's start deletes the records of volumes whose directory is missing",
        )
        return
    yield Advise(
        text=f"find the data of volume {finding.subject.name}: on an unmounted file system ('findmnt --fstab'), in lost+found, in an old "
        "data root; don't start its containers before that"
    )
