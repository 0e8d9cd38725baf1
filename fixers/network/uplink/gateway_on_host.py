"""Ask whether an address of the host is deleted."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.path.routing import ask_about_address
from doctor.facts.path.own.details import HostAddressAdded


@fixer(applicability=Applicability.SAFE)
def gateway_on_host(detail: HostAddressAdded) -> Iterator[Action]:
    """One that the last healthy scan did not see may be deleted; of others only the command is shown."""
    address, device = detail.address, detail.device
    if not detail.is_new:
        yield Advise(
            text=f"if the host does not need the address: ip addr del {address.text} dev {quote(device)}, and remove it from"
            f" {detail.source or 'the configuration that adds it'}"
        )
        return
    yield ask_about_address(device, address, detail.source, detail.taken, detail.routes)
