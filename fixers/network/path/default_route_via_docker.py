"""Remove a default route that leads to containers."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.details import DockerRoute

_PROTOCOLS = {
    "redirect": 1,
    "kernel": 2,
    "boot": 3,
    "static": 4,
    "ra": 9,
    "zebra": 11,
    "bird": 12,
    "dhcp": 16,
    "keepalived": 18,
    "babel": 42,
    "openr": 99,
    "bgp": 186,
    "ospf": 188,
}
"""RTPROT_ of include/uapi/linux/rtnetlink.h, by the names that ip shows; it leaves out "boot"."""


@fixer(applicability=Applicability.SAFE)
def default_route_via_docker(detail: DockerRoute) -> Iterator[Action]:
    """Remove it if another one takes its place; else show the commands."""
    over = f"via {detail.gateway} " if detail.gateway else ""
    if not detail.has_other:
        yield Advise(
            text=f"ip route del default {over}dev {quote(detail.device)}, after 'ip route add default via GATEWAY dev UPLINK'"
        )
        return
    route: dict[str, str | int] = {"dst": "default", "dev": detail.device}
    if detail.gateway:
        route["gateway"] = detail.gateway
    if detail.metric:
        route["priority"] = detail.metric
    number = int(detail.protocol) if detail.protocol.isdecimal() else 3
    back: dict[str, str | int] = {"proto": _PROTOCOLS.get(detail.protocol, number)}
    if detail.source:
        back["prefsrc"] = detail.source
    yield ChangeLink(
        do=("route", "del", route),
        undo=("route", "add", route | back),
        what=f"remove the default route {over}dev {detail.device}",
    )
