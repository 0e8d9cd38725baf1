"""Restore the swarm node's state."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, HostPath, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import CopyAside
from doctor.api.actions.state import aside, restore
from doctor.facts.backup.files import MetadataBackup


@fixer(applicability=Applicability.SAFE)
def swarm_state_corrupt(finding: Finding, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Restore the file from the backup and keep a copy of the directory; otherwise show where to get the file."""
    path = HostPath(finding.subject.name)
    kept = backup.files.get(path) if isinstance(backup, MetadataBackup) else None
    if kept is None:
        yield Advise(
            text=f"first cp -a {path.rpartition('/')[0]} /root/; then restore {path} from a backup with cp -a, or write the managers'"
            " addresses into it as in another manager's file"
        )
        return
    directory, _, name = path.rpartition("/")
    why = "it may be needed if the restored state is too old"
    yield CopyAside(path=HostPath(directory), to=aside("swarm"), why=why)
    yield restore(path, kept, what=f"restore the swarm's {name}", stage=Stage.CONTENTS)
