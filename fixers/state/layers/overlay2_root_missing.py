"""Say where lost layers usually are."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def overlay2_root_missing() -> Iterator[Action]:
    """Advise to mount what is not mounted."""
    yield Advise(
        text="stop the engine, find the file system that holds overlay2 ('findmnt --fstab', 'lsblk -f') and mount it; "
        "don't start the engine before"
    )
