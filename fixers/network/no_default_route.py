"""Say how the default route comes back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise


@fixer(applicability=Applicability.MANUAL)
def no_default_route(finding: Finding) -> Iterator[Action]:
    """Name the command for now and the place for good."""
    del finding
    yield Advise(
        text="ip route add default via GATEWAY, and write the gateway into the configuration of the host's network manager"
    )
