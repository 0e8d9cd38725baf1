"""Bring containerd's list up to what lies on disk, or say how to keep what it does not list."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.state import Rebuild, Wanted
from doctor.facts.containerd.details import ListOld
from doctor.facts.containerd.rebuilds import ContainerdRebuilds
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def containerd_db_rolled_back(detail: ListOld, rebuilds: ContainerdRebuilds) -> Iterator[Action]:
    """Write a list of everything that is there; where that can't be proven, let nothing start."""
    made = rebuilds.items.get(detail.path)
    if made is not None:
        yield Rebuild(
            items=(Wanted(path=detail.path, node=File(content=made.content), mode=0o600),),
            what=f"bring containerd's list of images up to what is there: from {made.origin}",
            stage=Stage.DATABASES,
        )
        return
    why = rebuilds.reasons.get(detail.path, "no record shows what is missing in it")
    yield Advise(
        text=f"start neither the engine nor containerd, and remove nothing: copy {detail.top} away ('cp -a'), then restore "
        f"{detail.path} from a backup as new as the snapshots; {why}"
    )
