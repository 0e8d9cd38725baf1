"""Former default routes, from the last healthy scan and from the host's settings and leases."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network

from msgspec import Struct

from doctor.facts.network.links import Link, Links, Route
from doctor.model.missing import Missing


class RouteHint(Struct, frozen=True, kw_only=True):
    """One former default route.

    Attributes:
        version: 4 or 6.
        device: interface; ``gateway`` in canonical form, "" for an interface with one peer.
        place: the file with the route; for a record of doctor with its age.
        is_recorded: whether a healthy scan saw it in effect.
    """

    version: int
    device: str
    gateway: str
    metric: int = 0
    place: str
    is_recorded: bool = False


class RouteHints(Struct, frozen=True, kw_only=True):
    """Known default routes of families that have none.

    Attributes:
        items: the usable ones, recorded ones first; ``unfit`` those whose interface is missing, is down, or has no address
            in the gateway's network.
        gaps: files that could not be read.
    """

    items: tuple[RouteHint, ...] = ()
    unfit: tuple[RouteHint, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def of(self, version: int) -> tuple[RouteHint, ...]:
        """Return the usable ones of one family."""
        return tuple(hint for hint in self.items if hint.version == version)

    def choices(self, version: int) -> tuple[tuple[RouteHint, ...], ...]:
        """Return the sets of routes to choose between: only one if there is no contradiction.

        All routes that a scan saw in effect are one set; each route that only a file has is another.
        """
        mine = self.of(version)
        recorded = tuple(hint for hint in mine if hint.is_recorded)
        seen = {(hint.device, hint.gateway) for hint in recorded}
        found: list[tuple[RouteHint, ...]] = [recorded] if recorded else []
        for hint in mine:
            if (hint.device, hint.gateway) not in seen:
                seen.add((hint.device, hint.gateway))
                found.append((hint,))
        return tuple(found)


def has_default(links: Links, version: int) -> bool:
    """Whether the main table has a default route, or the two halves that VPNs use instead."""
    mine = [route for route in links.routes if route.version == version and route.table == "main"]
    there = {route.destination for route in mine if route.kind == "unicast"}
    halves = {"0.0.0.0/1", "128.0.0.0/1"} if version == 4 else {"::/1", "8000::/1"}
    return "default" in there or halves <= there


def wants_default(links: Links, version: int) -> bool:
    """Whether a family has an address that may reach the outside, and no default route in any table."""
    if any(route.destination == "default" and route.version == version for route in links.routes):
        return False
    return not has_default(links, version) and any(True for link in links.links for _ in _global(link, version))


def _global(link: Link, version: int) -> Iterator[str]:
    """Yield the external addresses of an interface: none of the engine's bridges and of bridge ports, no unique local ones."""
    if "LOOPBACK" in link.flags or link.master or link.is_engine_bridge:
        return
    family = "inet" if version == 4 else "inet6"
    for address in link.addresses:
        if address.family == family and address.scope == "global" and not address.address.startswith(("fd", "fc")):
            yield address.text


def fits(links: Links, device: str, gateway: str) -> bool:
    """Whether a route can be added: the interface is up, the gateway in its network, and that has a route."""
    link = links.link(device)
    if link is None or not link.is_up:
        return False
    if not gateway:
        return "POINTOPOINT" in link.flags
    target = ip_address(gateway)
    if target.version == 6 and target.is_link_local:
        return True
    has_address = any(
        target in ip_interface(address.text).network and ip_interface(address.text).ip != target
        for address in link.addresses
        if ip_interface(address.text).version == target.version
    )
    # The kernel refuses a gateway without a route to its network.
    return has_address and any(
        route.device == device and not route.gateway and _covers(route, target) for route in links.routes
    )


def _covers(route: Route, target: IPv4Address | IPv6Address) -> bool:
    if route.version != target.version or route.destination == "default":
        return False
    try:
        return target in ip_network(route.destination, strict=False)
    except ValueError:
        return False
