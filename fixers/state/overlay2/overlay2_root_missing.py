"""Show where missing layers usually are."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def overlay2_root_missing() -> Iterator[Action]:
    """Advise to mount the missing file system."""
    yield Advise(
        text="stop the engine, find the file system that has overlay2 ('findmnt --fstab', 'lsblk -f') and mount it; "
        "don't start the engine before it is mounted"
    )
