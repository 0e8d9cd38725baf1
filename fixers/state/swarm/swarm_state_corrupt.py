"""Bring the swarm node's state back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, HostPath, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import CopyAside
from doctor.api.actions.state import aside, restore
from doctor.facts.backup.files import MetadataBackup


@fixer(applicability=Applicability.SAFE)
def swarm_state_corrupt(finding: Finding, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Write the file of the backup, a copy of the whole directory kept; without one, say where it comes from."""
    path = HostPath(finding.subject.name)
    kept = backup.files.get(path) if isinstance(backup, MetadataBackup) else None
    if kept is None:
        yield Advise(
            text=f"cp -a {path.rpartition('/')[0]} /root/ first; then cp -a the file back to {path} from a backup, or write the node's"
            " addresses into it as another manager's file has them"
        )
        return
    directory, _, name = path.rpartition("/")
    why = "it may be wanted if the restored state is too old"
    yield CopyAside(path=HostPath(directory), to=aside("swarm"), why=why)
    yield restore(path, kept, what=f"restore the swarm's {name}", stage=Stage.CONTENTS)
