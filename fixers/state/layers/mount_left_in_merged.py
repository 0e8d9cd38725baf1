"""Take a wrong mount away from a container's place."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.mounts import UnmountOverlay


@fixer(applicability=Applicability.DISRUPTIVE)
def mount_left_in_merged(finding: Finding) -> Iterator[Action]:
    """Unmount an overlay while the engine is stopped; anything else is left to a person."""
    wrong = finding.detail
    if not wrong.is_overlay:
        yield Advise(text=f"save what is in {wrong.path}, stop the engine, and unmount it: umount {wrong.path}")
        return
    yield UnmountOverlay(
        path=wrong.path, source=wrong.source, options=wrong.options, why="it is not the container's own"
    )
