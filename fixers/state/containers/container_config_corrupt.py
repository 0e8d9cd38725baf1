"""Restore a container's config."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.state import CopyOver, restore
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.containers.details import ConfigDamaged


@fixer(applicability=Applicability.SAFE)
def container_config_corrupt(
    finding: Finding, detail: ConfigDamaged, backup: MetadataBackup | Missing
) -> Iterator[Action]:
    """Restore the temporary file or the backup; otherwise show where the container's files are."""
    if detail.sibling is not None:
        yield CopyOver(
            source=detail.sibling,
            path=detail.path,
            what=f"restore the config of container {finding.subject.name} from the file that dockerd was about to rename",
        )
        return
    kept = backup.files.get(detail.path) if isinstance(backup, MetadataBackup) else None
    if kept is not None:
        yield restore(detail.path, kept, what=f"restore the config of container {finding.subject.name}")
        return
    files = (
        f"; the files it wrote are in {detail.layer}, and 'doctor salvage --containers --to DIR' copies them"
        if detail.layer
        else ""
    )
    yield Advise(
        text=f"restore {detail.path} from a backup with cp -a, or create the container again (docker run){files}"
    )
