"""Set an interface up, with the address and the routes of its configuration."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.host_files import ExpectedLink
from doctor.facts.network.links import Links


@fixer(applicability=Applicability.DISRUPTIVE)
def uplink_not_as_configured(finding: Finding, detail: ExpectedLink, links: Links) -> Iterator[Action]:
    """Change only what differs; with DHCP, or with an address beside it that nobody configured, show the command."""
    device = finding.subject.name
    link = links.link(device)
    if link is None:
        return
    mine = {one.address for one in detail.addresses}
    is_strange = any(one.scope == "global" and one.text not in mine for one in link.ipv4)
    if not detail.addresses or is_strange:
        yield Advise(text=detail.command)
        return
    if not link.is_up:
        yield ChangeLink(
            do=("link", "set", {"dev": device, "state": "up"}),
            undo=("link", "set", {"dev": device, "state": "down"}),
            what=f"set {device} up, as in {detail.link.place}",
        )
    for one in detail.addresses:
        if not link.has(one.address):
            address: dict[str, str | int] = {"dev": device, "address": one.address}
            yield ChangeLink(
                do=("addr", "add", address),
                undo=("addr", "del", address),
                what=f"add {one.address} to {device}, as in {one.place}",
            )
    yield from _routes(device, detail)


def _routes(device: str, detail: ExpectedLink) -> Iterator[ChangeLink]:
    for one in detail.routes:
        if one.kind != "unicast" or one.table not in {"main", "254"}:
            continue
        route: dict[str, str | int] = {"dst": "default" if one.is_default else one.destination, "dev": device}
        if one.gateway:
            route["gateway"] = one.gateway
        if one.metric:
            route["priority"] = one.metric
        if one.version == 6:
            route["family"] = 10
        via = f" via {one.gateway}" if one.gateway else ""
        yield ChangeLink(
            do=("route", "add", route),
            undo=("route", "del", route),
            what=f"add the route {route['dst']}{via} dev {device}, as in {one.place}",
        )
