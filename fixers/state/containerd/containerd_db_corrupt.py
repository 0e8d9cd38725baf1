"""Repair containerd's database, or quarantine it if no images depend on it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import EditFile, Quarantine
from doctor.api.actions.state import Rebuild, RepairDatabase, ReplaceRecords, WantedPath
from doctor.engines.containerd import places as containerd
from doctor.facts.containerd.details import ContainerdBroken
from doctor.facts.containerd.rebuilds import ContainerdRebuilds
from doctor.facts.host.processes import Processes
from doctor.model.step import File
from doctor.model.text import plural

_SHIMS = ("containerd-shim", "containerd-shim-runc-v1", containerd.SHIM)


@fixer(applicability=Applicability.SAFE)
def containerd_db_corrupt(
    detail: ContainerdBroken, rebuilds: ContainerdRebuilds | Missing, processes: Processes | Missing
) -> Iterator[Action]:
    """Open it at a valid tree; otherwise recreate the list, and never let an engine start with an empty list of images."""
    if detail.items and all(item.right for item in detail.items):
        pairs = tuple((item.wrong, item.right) for item in detail.items)
        what = f"correct one flipped bit in {plural(len(pairs), 'place')} of containerd's database"
        yield EditFile(path=detail.path, edit=ReplaceRecords(pairs=pairs), what=what, stage=Stage.DATABASES)
    elif detail.flip is not None:
        what = "correct one flipped bit in a meta page of containerd's database"
        yield EditFile(path=detail.path, edit=detail.flip, what=what, stage=Stage.DATABASES)
    elif detail.is_repairable:
        yield EditFile(
            path=detail.path, edit=RepairDatabase(), what="repair containerd's database", stage=Stage.DATABASES
        )
    elif detail.holds_images and isinstance(rebuilds, ContainerdRebuilds) and detail.path in rebuilds.items:
        made = rebuilds.items[detail.path]
        yield Rebuild(
            items=(WantedPath(path=detail.path, node=File(content=made.content), mode=0o600),),
            what=f"recreate containerd's list of images from {made.origin}",
            stage=Stage.DATABASES,
        )
    elif detail.holds_images:
        yield Advise(
            text="don't start the engine or containerd: the first cleanup deletes everything that is not listed; first restore "
            f"{detail.path} from a backup with cp -a, or cp -a the whole root to another disk"
        )
    elif detail.is_service and isinstance(processes, Processes) and processes.of_host(*_SHIMS):
        yield Advise(
            text="first stop all containers, also those of other programs (ps -C containerd-shim-runc-v2 shows them), "
            f"then run 'doctor fix --apply': without {detail.path} containerd kills containers that it does not know"
        )
    else:
        yield Quarantine(
            path=detail.path, why="it lists only running containers, and none runs now", stage=Stage.DATABASES
        )
