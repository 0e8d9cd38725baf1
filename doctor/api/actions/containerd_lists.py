"""Recreation of containerd's lists and contents."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.containerd.rebuilds import ContainerdRebuilds
from doctor.facts.containerd.sources import BlobSource
from doctor.model.action import Action, Stage
from doctor.model.paths import HostPath
from doctor.model.step import File


def recreate_list(
    path: HostPath, beside: tuple[str, ...], rebuilds: ContainerdRebuilds, *, of: str
) -> Iterator[Action]:
    """Yield the write of a complete list; if it can't be proven, advice how to save what is no longer listed.

    Args:
        path: the database.
        beside: the directories that it listed and that the next garbage collection deletes.
        rebuilds: the rebuilt databases.
        of: the kind of things in the list ("images").
    """
    made = rebuilds.items.get(path)
    if made is not None:
        yield Rebuild(
            items=(WantedPath(path=path, node=File(content=made.content), mode=0o600),),
            what=f"recreate containerd's list of {of} from {made.origin}",
            stage=Stage.DATABASES,
        )
        return
    why = rebuilds.reasons.get(path, "its content is unknown")
    yield Advise(
        text=f"start neither the engine nor containerd, and remove nothing: copy {' and '.join(beside)} to another disk "
        f"with cp -a, then restore {path} from a backup of the same age; {why}"
    )


def restore_content(path: HostPath, source: BlobSource | None, images: set[str]) -> Iterator[Action]:
    """Yield the restore of a content from a valid copy; without one, advice how to fetch its images again.

    Args:
        path: the content, named by its digest.
        source: the copy.
        images: names of the images that need it.
    """
    digits = path.rpartition("/")[2]
    if source is not None:
        yield Rebuild(
            items=(WantedPath(path=path, node=File(content=source.content), mode=0o444),),
            what=f"restore blob {digits[:12]} from {source.origin}",
            stage=Stage.CONTENTS,
        )
    elif images:
        yield Advise(
            text=f"{fetch_again(images)}: no copy of blob {digits[:12]} has its digest, "
            "and a pull alone does not restore it while containerd lists it"
        )
    else:
        yield Advise(text="'docker builder prune' removes it: only a build cache can use it")
