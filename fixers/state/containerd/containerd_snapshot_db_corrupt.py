"""Mend the database of containerd's snapshotter, or make it again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import MendDatabase, Rebuild, Wanted
from doctor.facts.containerd.details import SnapshotsBroken
from doctor.facts.containerd.rebuilds import ContainerdRebuilds
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def containerd_snapshot_db_corrupt(detail: SnapshotsBroken, rebuilds: ContainerdRebuilds) -> Iterator[Action]:
    """Open it at a whole tree; without one, write the records that name every directory, or let nothing start."""
    made = rebuilds.items.get(detail.path)
    if detail.is_mendable:
        what = "mend the database of containerd's snapshotter"
        yield EditFile(path=detail.path, edit=MendDatabase(), what=what, stage=Stage.DATABASES)
    elif made is not None:
        yield Rebuild(
            items=(Wanted(path=detail.path, node=File(content=made.content), mode=0o600),),
            what=f"recreate containerd's list of snapshots from {made.origin}",
            stage=Stage.DATABASES,
        )
    else:
        why = rebuilds.reasons.get(detail.path, "no record shows what was in it")
        yield Advise(
            text=f"cp -a it back to {detail.path} from a backup of the same age, and never remove or empty it: the next clean-up of "
            f"containerd would delete every snapshot; {why}"
        )
