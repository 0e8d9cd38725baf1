"""What containerd lost, recreated: a list, or a content."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.containerd.rebuilds import ContainerdRebuilds
from doctor.facts.containerd.sources import BlobSource
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
            items=(WantedPath(path=path, node=File(content=made.content), mode=0o600),),
            what=f"recreate containerd's list of {of} from {made.origin}",
            stage=Stage.DATABASES,
        )
        return
    why = rebuilds.reasons.get(path, "no record shows what was in it")
    yield Advise(
        text=f"start neither the engine nor containerd, and remove nothing: copy {' and '.join(beside)} away "
        f"('cp -a'), then restore {path} from a backup of the same age; {why}"
    )


def restore_content(path: HostPath, source: BlobSource | None, images: set[str]) -> Iterator[Action]:
    """Yield a content from a copy that has its digest; without one, which images come back how.

    Args:
        path: the content, named by its digest.
        source: the copy.
        images: names of the images that need it.
    """
    digits = path.rpartition("/")[2]
    if source is not None:
        yield Rebuild(
            items=(WantedPath(path=path, node=File(content=source.content), mode=0o444),),
            what=f"restore content {digits[:12]} from {source.origin}",
            stage=Stage.CONTENTS,
        )
    elif images:
        yield Advise(
            text=f"{fetch_again(images)}: no copy of content {digits[:12]} has its digest, "
            "and a pull alone does not bring it back while containerd lists it"
        )
    else:
        yield Advise(text="'docker builder prune' lets go of it: only a build cache can have it")
