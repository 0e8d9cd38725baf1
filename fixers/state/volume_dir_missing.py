"""Keep the volume database before the engine's start changes it."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, CopyAside, aside


@fixer(applicability=Applicability.SAFE)
def volume_dir_missing(finding: Finding) -> Iterator[Action]:
    """Copy it aside while no engine runs; then say where to look for the data."""
    detail = finding.detail
    if detail.is_guarded:
        yield CopyAside(
            path=detail.database,
            to=aside("volumes/metadata.db"),
            why="the engine's start deletes the records of volumes whose directory is missing",
        )
        return
    yield Advise(
        text=f"find the data of volume {finding.subject.name}: an unmounted file system ('findmnt --fstab'), lost+found, an old "
        "data root; don't start its containers before"
    )
