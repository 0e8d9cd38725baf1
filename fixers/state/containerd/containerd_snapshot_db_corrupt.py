"""Repair or recreate the database of containerd's snapshotter."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import Rebuild, RepairDatabase, WantedPath
from doctor.facts.containerd.details import SnapshotsBroken
from doctor.facts.containerd.rebuilds import ContainerdRebuilds
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def containerd_snapshot_db_corrupt(detail: SnapshotsBroken, rebuilds: ContainerdRebuilds) -> Iterator[Action]:
    """Open it at a valid tree; otherwise write records that name every directory, or advise against any start."""
    made = rebuilds.items.get(detail.path)
    if detail.is_repairable:
        what = "repair the database of containerd's snapshotter"
        yield EditFile(path=detail.path, edit=RepairDatabase(), what=what, stage=Stage.DATABASES)
    elif made is not None:
        yield Rebuild(
            items=(WantedPath(path=detail.path, node=File(content=made.content), mode=0o600),),
            what=f"recreate containerd's list of snapshots from {made.origin}",
            stage=Stage.DATABASES,
        )
    else:
        why = rebuilds.reasons.get(detail.path, "no record shows its content")
        yield Advise(
            text=f"restore {detail.path} from a backup of the same age with cp -a; don't remove or empty it, or the next cleanup of "
            f"containerd deletes every snapshot; {why}"
        )
