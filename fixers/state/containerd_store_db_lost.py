"""Make the list that containerd lost again, or say how to keep what it no longer lists."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, Rebuild, Stage, Wanted
from doctor.facts.containerd_rebuilds import ContainerdRebuilds
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def containerd_store_db_lost(finding: Finding, rebuilds: ContainerdRebuilds) -> Iterator[Action]:
    """Write a list of everything that is there; where that can't be proven, let nothing start."""
    detail = finding.detail
    made = rebuilds.items.get(detail.path)
    if made is not None:
        yield Rebuild(
            items=(Wanted(path=detail.path, node=File(content=made.content), mode=0o600),),
            what=f"make containerd's list of images again from {made.origin}",
            stage=Stage.DATABASES,
        )
        return
    why = rebuilds.reasons.get(detail.path, "nothing tells what was in it")
    yield Advise(
        text=f"start neither the engine nor containerd, and remove nothing: copy {' and '.join(detail.beside)} away "
        f"('cp -a'), then restore {detail.path} from a backup of the same age; {why}"
    )
