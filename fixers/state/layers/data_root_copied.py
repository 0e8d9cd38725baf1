"""Only the digest of a whole layer proves the headers that its entries are mended by."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def data_root_copied() -> Iterator[Action]:
    """Name the command that proves and mends the layers."""
    yield Advise(
        text="'doctor fix --deep --apply --allow disruptive' mends it: it reads each layer, proves it by its digest, and restores what the headers say"
    )
