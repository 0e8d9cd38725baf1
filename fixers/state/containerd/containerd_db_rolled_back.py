"""Complete containerd's list from the files on disk, or show how to keep what it does not list."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.containerd.details import ListOld
from doctor.facts.containerd.rebuilds import ContainerdRebuilds
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def containerd_db_rolled_back(detail: ListOld, rebuilds: ContainerdRebuilds) -> Iterator[Action]:
    """Write a list of everything on disk; if that can't be proven, advise against any start."""
    made = rebuilds.items.get(detail.path)
    if made is not None:
        yield Rebuild(
            items=(WantedPath(path=detail.path, node=File(content=made.content), mode=0o600),),
            what=f"complete containerd's list of images from {made.origin}",
            stage=Stage.DATABASES,
        )
        return
    why = rebuilds.reasons.get(detail.path, "no record shows which entries are missing")
    yield Advise(
        text=f"don't start the engine or containerd, and remove nothing: copy {detail.top} to another disk ('cp -a'), then restore "
        f"{detail.path} from a backup as recent as the snapshots; {why}"
    )
