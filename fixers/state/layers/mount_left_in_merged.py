"""Take a wrong mount away from a container's place."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.mounts import UnmountOverlay
from doctor.facts.layers.merged_mounts import WrongMount


@fixer(applicability=Applicability.DISRUPTIVE)
def mount_left_in_merged(detail: WrongMount) -> Iterator[Action]:
    """Unmount an overlay while the engine is stopped; anything else is left to a person."""
    if not detail.is_overlay:
        yield Advise(text=f"save what is in {detail.path}, stop the engine, and unmount it: umount {detail.path}")
        return
    yield UnmountOverlay(
        path=detail.path, source=detail.source, options=detail.options, why="it is not the container's own"
    )
