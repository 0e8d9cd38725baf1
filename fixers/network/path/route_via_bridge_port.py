"""Advise how to remove a route that leads to a port of a bridge."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.network.details import PortRoute


@fixer(applicability=Applicability.MANUAL)
def route_via_bridge_port(detail: PortRoute) -> Iterator[Action]:
    """Show the command, and how the program that added it leaves veths alone from then on."""
    rest = "and exclude veth* in the program that added it, such as 'denyinterfaces veth*' in /etc/dhcpcd.conf: otherwise it adds it again"
    if detail.address:
        yield Advise(text=f"ip addr del {detail.address} dev {quote(detail.device)}, {rest}")
        return
    metric = f" metric {detail.metric}" if detail.metric else ""
    yield Advise(text=f"ip route del {detail.destination} dev {quote(detail.device)}{metric}, {rest}")
