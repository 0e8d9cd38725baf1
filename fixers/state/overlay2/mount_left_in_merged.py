"""Unmount a wrong file system from a container's mount point."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.mounts import UnmountOverlay
from doctor.facts.layers.merged_mounts import WrongMount


@fixer(applicability=Applicability.DISRUPTIVE)
def mount_left_in_merged(detail: WrongMount) -> Iterator[Action]:
    """Unmount an overlay while the engine is stopped; leave other file systems to the administrator."""
    if not detail.is_overlay:
        yield Advise(text=f"save the files in {detail.path}, stop the engine, and unmount it: umount {detail.path}")
        return
    yield UnmountOverlay(
        path=detail.path, source=detail.source, options=detail.options, why="it is not the container's own overlay"
    )
