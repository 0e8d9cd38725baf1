"""Only the digest of a whole layer proves the headers that its entries are mended by."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def data_root_copied() -> Iterator[Action]:
    """Name the command that proves and mends the layers."""
    yield Advise(
        text="'doctor fix --deep --apply --allow disruptive' repairs it: each layer is read, verified by its digest, and restored from its tar headers"
    )
