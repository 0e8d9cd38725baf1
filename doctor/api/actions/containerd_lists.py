"""A list that containerd lost, made again."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.state import Rebuild, Wanted
from doctor.facts.containerd_rebuilds import ContainerdRebuilds
from doctor.model.action import Action, Stage
from doctor.model.paths import HostPath
from doctor.model.step import File


def make_list_again(
    path: HostPath, beside: tuple[str, ...], rebuilds: ContainerdRebuilds, *, of: str
) -> Iterator[Action]:
    """Yield a list of everything that is there; where that can't be proven, how to keep what is no longer listed.

    Args:
        path: the database.
        beside: what it listed and the next clean-up would delete.
        rebuilds: what can be made.
        of: what it lists ("images").
    """
    made = rebuilds.items.get(path)
    if made is not None:
        yield Rebuild(
            items=(Wanted(path=path, node=File(content=made.content), mode=0o600),),
            what=f"make containerd's list of {of} again from {made.origin}",
            stage=Stage.DATABASES,
        )
        return
    why = rebuilds.reasons.get(path, "nothing tells what was in it")
    yield Advise(
        text=f"start neither the engine nor containerd, and remove nothing: copy {' and '.join(beside)} away "
        f"('cp -a'), then restore {path} from a backup of the same age; {why}"
    )
