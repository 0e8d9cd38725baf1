"""Mend containerd's database, or set it aside where nothing depends on it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import EditFile, Quarantine
from doctor.api.actions.state import MendDatabase, Rebuild, ReplaceRecords, Wanted
from doctor.facts.containerd.details import ContainerdBroken
from doctor.facts.containerd.rebuilds import ContainerdRebuilds
from doctor.facts.host.processes import Processes
from doctor.model.step import File

_SHIMS = ("containerd-shim", "containerd-shim-runc-v1", "containerd-shim-runc-v2")


@fixer(applicability=Applicability.SAFE)
def containerd_db_corrupt(
    detail: ContainerdBroken, rebuilds: ContainerdRebuilds | Missing, processes: Processes | Missing
) -> Iterator[Action]:
    """Open it at a whole tree; without one, never let an engine start on an empty one while images live with it."""
    if detail.items and all(item.right for item in detail.items):
        pairs = tuple((item.wrong, item.right) for item in detail.items)
        what = f"flip one bit back in {len(pairs)} place(s) of containerd's database"
        yield EditFile(path=detail.path, edit=ReplaceRecords(pairs=pairs), what=what, stage=Stage.DATABASES)
    elif detail.flip is not None:
        what = "flip one bit back in a meta page of containerd's database"
        yield EditFile(path=detail.path, edit=detail.flip, what=what, stage=Stage.DATABASES)
    elif detail.is_mendable:
        yield EditFile(path=detail.path, edit=MendDatabase(), what="mend containerd's database", stage=Stage.DATABASES)
    elif detail.holds_images and isinstance(rebuilds, ContainerdRebuilds) and detail.path in rebuilds.items:
        made = rebuilds.items[detail.path]
        yield Rebuild(
            items=(Wanted(path=detail.path, node=File(content=made.content), mode=0o600),),
            what=f"recreate containerd's list of images from {made.origin}",
            stage=Stage.DATABASES,
        )
    elif detail.holds_images:
        yield Advise(
            text="don't start the engine or containerd, whose first clean-up deletes what it doesn't list: cp -a it "
            f"back to {detail.path}"
            " from a backup first, or cp -a the whole root to another disk"
        )
    elif detail.is_service and isinstance(processes, Processes) and processes.of_host(*_SHIMS):
        yield Advise(
            text="stop all containers first, those of other programs too (ps -C containerd-shim-runc-v2 shows them), "
            f"then 'doctor fix --apply': without {detail.path} containerd "
            "ends what it doesn't know"
        )
    else:
        yield Quarantine(
            path=detail.path, why="it lists only containers that ran, and none runs now", stage=Stage.DATABASES
        )
