"""The host's own network, as the last healthy scan found it: the kernel's state that no engine creates."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.kernel.sysctl import interface_key, neighbour_key
from doctor.facts.path.namespace import Neighbour, NetAddress, NetLink, NetNamespace, NetRoute, Qdisc
from doctor.formats.netlink.links import LOOPBACK, NO_ARP, UP
from doctor.formats.netlink.routes import (
    FOREVER,
    KERNEL,
    LOCAL,
    NO_PREFIX_ROUTE,
    NODAD,
    PERMANENT,
    ROOT,
    SECONDARY,
    TEMPORARY,
)
from doctor.model.paths import HostPath

NAME = "namespace.json"
VERSION = 1
_POINT_TO_POINT = 0x10
_FLAGS = UP | LOOPBACK | NO_ARP | _POINT_TO_POINT
_DEFAULTS = frozenset({"0.0.0.0/0", "::/0"})
_ONLINK = 4
"""RTNH_F_ONLINK."""
_ADVERTISED = 9
"""RTPROT_RA: such a route disappears with its router."""
_MOST_ROUTES, _MOST_ENTRIES, _MOST_SETTINGS_OF = 512, 256, 24
_SETTINGS = (
    "net.ipv4.ip_forward",
    "net.ipv4.ip_default_ttl",
    *(f"net.ipv4.conf.all.{name}" for name in ("rp_filter", "arp_ignore", "arp_filter", "accept_local", "src_valid_mark")),
    *(f"net.bridge.bridge-nf-call-{name}" for name in ("iptables", "ip6tables", "arptables")),
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.all.disable_ipv6",
)  # fmt: skip
_OF_LINK = {
    "ipv4": ("forwarding", "rp_filter", "arp_ignore", "arp_filter", "accept_local", "route_localnet"),
    "ipv6": ("disable_ipv6", "accept_ra"),
}


class KeptNamespace(Struct, frozen=True, kw_only=True):
    """The record.

    Attributes:
        version: of its form.
        taken: seconds since the epoch.
        namespace: the host's network namespace, without what changes by itself: containers' veths, learned neighbours, carrier.
    """

    version: int = VERSION
    taken: float
    namespace: NetNamespace


class HealthyNetwork(Struct, frozen=True, kw_only=True):
    """The host's network at the last healthy scan.

    Attributes:
        path: of the record, for evidence; ``when`` date and time of the scan, as people write it.
        namespace: of the record, with the interfaces' numbers of that time.
    """

    path: HostPath
    when: str
    namespace: NetNamespace

    @property
    def place(self) -> str:
        """Return where a value is from, for evidence."""
        return f"last healthy scan, {self.when}"


def settings_of(kept: NetNamespace) -> tuple[str, ...]:
    """Return the names of the settings that are kept for a namespace: those of its uplinks and bridges."""
    leading = {route.link for route in kept.routes if route.gateway} | {
        hop.link for route in kept.routes for hop in route.hops
    }
    links = [link for link in kept.links if link.index in leading or link.kind == "bridge"]
    links.sort(key=lambda link: link.index not in leading)
    return (
        *_SETTINGS,
        *(
            interface_key(link.name, setting, family=family)
            for link in links[:_MOST_SETTINGS_OF]
            for family, settings in _OF_LINK.items()
            for setting in settings
        ),
        *(
            neighbour_key(link.name, "mcast_solicit", version)
            for link in links[:_MOST_SETTINGS_OF]
            for version in (4, 6)
        ),
    )


def kept_of(namespace: NetNamespace) -> NetNamespace:
    """Return what is kept of the host's namespace."""
    routes = tuple(_routes(namespace))
    used = {route.link for route in routes} | {hop.link for route in routes for hop in route.hops}
    used |= {address.link for address in namespace.addresses}
    links = tuple(_link(link) for link in namespace.links if _is_kept(link, used))
    there = {link.index for link in links}
    return NetNamespace(
        links=links,
        addresses=tuple(_addresses(namespace, there)),
        routes=routes,
        rules=namespace.rules[:_MOST_ENTRIES],
        neighbours=tuple(_neighbours(namespace, routes, there))[:_MOST_ENTRIES],
        qdiscs=tuple(_queue(one) for one in namespace.qdiscs if one.parent == ROOT and one.link in there),
    )


def _is_kept(link: NetLink, used: set[int]) -> bool:
    """Whether it is not a container's: those are ports of a bridge, and have no routes."""
    return link.kind != "veth" or (not link.master and link.index in used)


def _link(link: NetLink) -> NetLink:
    return NetLink(
        index=link.index,
        name=link.name,
        flags=link.flags & _FLAGS,
        mtu=link.mtu,
        kind=link.kind,
        master=link.master,
        mac=link.mac,
        lower=link.lower,
        vlan=link.vlan,
    )


def _addresses(namespace: NetNamespace, links: set[int]) -> Iterator[NetAddress]:
    for one in namespace.addresses:
        if one.link not in links or one.scope == "link" or (one.version == 6 and one.flags & TEMPORARY):
            continue
        kept = (NODAD if one.version == 6 else SECONDARY) | NO_PREFIX_ROUTE
        # The rest of a lease changes with each second.
        yield replace(one, flags=one.flags & kept, valid=FOREVER, preferred=FOREVER)


def _routes(namespace: NetNamespace) -> Iterator[NetRoute]:
    """Yield the routes that lead somewhere or discard packets; of a router with thousands only those that an administrator set."""
    mine = [
        route
        for route in namespace.routes
        if (route.table != LOCAL or (route.kind == "local" and route.protocol != KERNEL))
        and route.kind not in {"broadcast", "anycast", "multicast"}
        and route.protocol != _ADVERTISED
        and not route.destination.startswith(("fe80:", "ff00:"))
    ]
    if len(mine) > _MOST_ROUTES:
        mine = [route for route in mine if route.destination in _DEFAULTS or 2 <= route.protocol <= 4]
    yield from (replace(route, flags=route.flags & _ONLINK) for route in mine[:_MOST_ROUTES])


def _neighbours(namespace: NetNamespace, routes: tuple[NetRoute, ...], links: set[int]) -> Iterator[Neighbour]:
    """Yield the entries that somebody fixed, and those of the next hops of default routes: they have answered."""
    hops = {(route.link, route.gateway) for route in routes if route.destination in _DEFAULTS and route.gateway}
    for one in namespace.neighbours:
        if one.link in links and one.mac and (one.state & PERMANENT or (one.link, one.address) in hops):
            yield replace(one, state=PERMANENT if one.state & PERMANENT else 2)


def _queue(one: Qdisc) -> Qdisc:
    return replace(one, handle=0, drops=0)
