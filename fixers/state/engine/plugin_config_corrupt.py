"""Restore a plugin's config."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.state import restore
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def plugin_config_corrupt(finding: Finding, detail: OfFile, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Restore the file from the backup; otherwise show how to install the plugin again."""
    path = detail.path
    kept = backup.files.get(path) if isinstance(backup, MetadataBackup) else None
    if kept is not None:
        yield restore(path, kept, what=f"restore the config of plugin {finding.subject.name}", stage=Stage.CONTENTS)
        return
    directory = path.rpartition("/")[0]
    yield Advise(
        text=f"systemctl stop docker.socket docker.service; mv {directory} /root/; systemctl start docker.service; docker plugin"
        " install NAME with its earlier settings"
    )
