"""Bring a container's host config back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise, CopyOver, restore
from doctor.facts.metadata_backup import MetadataBackup


@fixer(applicability=Applicability.SAFE)
def hostconfig_corrupt(finding: Finding, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Put a whole temporary file in its place, or the one of the backup; never one filled with defaults."""
    detail = finding.detail
    if detail.sibling is not None:
        yield CopyOver(
            source=detail.sibling,
            path=detail.path,
            what=f"restore the host config of container {finding.subject.name} from the file dockerd was about to rename",
        )
        return
    kept = backup.files.get(detail.path) if isinstance(backup, MetadataBackup) else None
    if kept is not None:
        yield restore(detail.path, kept, what=f"restore the host config of container {finding.subject.name}")
        return
    yield Advise(
        text=f"restore {detail.path} from a backup, or create container {finding.subject.name} again; defaults would drop its "
        "limits, capabilities and restart policy; 'doctor salvage --containers --to DIR' copies the files it wrote out"
    )
