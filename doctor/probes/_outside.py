"""An outside host for a probe: behind the interface that users' packets arrive on, else on a bridge of doctor's own."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from msgspec import Struct

from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.links import Link, Links
from doctor.model.missing import Missing
from doctor.probes._place import hardware_address

_NETWORKS = ("192.0.2.0/29", "203.0.113.0/29", "198.51.100.0/29", "198.18.0.0/29")
"""The documentation networks (RFC 5737) and the benchmark network (RFC 2544): no real host has such an address."""
_NAMES = 8
_WHOLE = 8
"""Routes with at most this prefix are a default route in parts, as VPNs have them (0.0.0.0/1): nobody has such a network."""
NO_WAY = "can't attach a container behind"
"""Start of the runtime's error if the kernel, or a user's own filters, prevent packets from entering by the uplink."""


class Outside(Struct, frozen=True, kw_only=True):
    """The place of a client.

    Attributes:
        interface: the host's interface that its packets arrive on.
        client: its address.
        host: its gateway: on a bridge of doctor's own, this host's address; behind an uplink, an unused address.
        is_real: whether users' packets arrive on the interface; otherwise it is a bridge created for the client.
    """

    interface: str
    client: str
    host: str
    prefix: int
    is_real: bool = False

    @property
    def place(self) -> dict[str, Any]:
        """Return the runtime's ``bridge`` object."""
        found = {"name": self.interface, "address": f"{self.client}/{self.prefix}", "gateway": self.host}
        if self.is_real:
            return found | {"uplink": True}
        return found | {"create": True, "mac": hardware_address(self.client)}


def on_own_bridge(links: Links, firewall: Firewall | Missing) -> Outside | None:
    """Return a place that does not collide with the host's interfaces and routes; ``None`` if there is no free one."""
    name = next((f"doctor{n}" for n in range(_NAMES) if links.link(f"doctor{n}") is None), "")
    network = next(iter(free_networks(links, firewall)), None)
    if network is None or not name:
        return None
    return Outside(interface=name, client=str(network[2]), host=str(network[1]), prefix=network.prefixlen)


def behind(link: Link, network: IPv4Network, number: int = 0) -> Outside:
    """Return a place behind an interface; ``number`` distinguishes places of one network."""
    client = IPv4Address(int(network[2]) + number)
    return Outside(
        interface=link.name, client=str(client), host=str(network[1]), prefix=network.prefixlen, is_real=True
    )


def uplink_of(links: Links) -> Link | None:
    """Return the interface that users' packets arrive on: the default route's, else the first that leads outside."""
    return next((link for link in (*links.uplinks(), *links.outer()) if is_ethernet(link) and link.ipv4), None)


def is_ethernet(link: Link) -> bool:
    """Whether neighbours on its wire have hardware addresses. A tunnel has none, so no client can be placed behind it."""
    return link.is_up and not link.flags & {"NOARP", "LOOPBACK", "POINTOPOINT"}


def free_networks(links: Links, firewall: Firewall | Missing) -> tuple[IPv4Network, ...]:
    """Return the networks that no address or route of the host overlaps, those without a firewall rule first."""
    free = [network for text in _NETWORKS if not _is_used(network := IPv4Network(text), links)]
    return tuple(sorted(free, key=lambda network: is_named(network, firewall)))


def is_named(network: IPv4Network, firewall: Firewall | Missing) -> bool:
    """Whether a firewall rule names such addresses, as bogon lists do."""
    if isinstance(firewall, Missing) or firewall.v4 is None:
        return False
    start = f" {str(network[0]).rpartition('.')[0]}."
    return any(start in rule.text for rule in firewall.v4.ruleset.rules)


def _is_used(network: IPv4Network, links: Links) -> bool:
    held = (IPv4Network(address.network) for link in links.links for address in link.ipv4)
    routed = (route.network for route in links.routes if route.destination != "default")
    return any(other is not None and other.prefixlen > _WHOLE and network.overlaps(other) for other in (*held, *routed))
