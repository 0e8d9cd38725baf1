"""Give a container a MAC address of its own."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise, set_aside
from doctor.facts.path.ends.details import MacTwice


@fixer(applicability=Applicability.MANUAL)
def duplicate_mac_address(detail: MacTwice) -> Iterator[Action]:
    """Show how to create it again: the address is one of the options that it was created with."""
    yield Advise(
        text=f"{set_aside(detail.container)}; then create {detail.container} again without --mac-address, or with another address"
    )
