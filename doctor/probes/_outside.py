"""An outside host for a probe: behind the interface that users' packets come by, else on a bridge of doctor's own."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from msgspec import Struct

from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.links import Link, Links
from doctor.model.missing import Missing
from doctor.probes._place import hardware_address

_NETWORKS = ("192.0.2.0/29", "203.0.113.0/29", "198.51.100.0/29", "198.18.0.0/29")
"""The documentation networks (RFC 5737) and the one of benchmarks (RFC 2544): no host outside has such an address."""
_NAMES = 8
NO_WAY = "can't stand a container behind"
"""How the runtime begins where the kernel, or filters of somebody else, leave no way in by the uplink."""


class Outside(Struct, frozen=True, kw_only=True):
    """Where a client stands.

    Attributes:
        interface: the host's interface that its packets come in by.
        client: its address.
        host: its gateway: of a bridge of doctor's own this host's address there, behind an uplink nobody's.
        is_real: whether the interface is one that users' packets come by; else it is a bridge made for the client.
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
    """Return an outside that collides with nothing of the host; ``None`` where its interfaces and routes leave no room."""
    name = next((f"doctor{n}" for n in range(_NAMES) if links.link(f"doctor{n}") is None), "")
    network = next(iter(free_networks(links, firewall)), None)
    if network is None or not name:
        return None
    return Outside(interface=name, client=str(network[2]), host=str(network[1]), prefix=network.prefixlen)


def behind(link: Link, network: IPv4Network, number: int = 0) -> Outside:
    """Return a place behind an interface; ``number`` tells those of one network apart."""
    client = IPv4Address(int(network[2]) + number)
    return Outside(
        interface=link.name, client=str(client), host=str(network[1]), prefix=network.prefixlen, is_real=True
    )


def uplink_of(links: Links) -> Link | None:
    """Return the interface that users' packets come by: the default route's, else the first that leads outside."""
    return next((link for link in (*links.uplinks(), *links.outer()) if is_ethernet(link) and link.ipv4), None)


def is_ethernet(link: Link) -> bool:
    """Whether neighbours on its wire have hardware addresses: a tunnel has none, so nothing can stand behind it."""
    return link.is_up and not link.flags & {"NOARP", "LOOPBACK", "POINTOPOINT"}


def free_networks(links: Links, firewall: Firewall | Missing) -> tuple[IPv4Network, ...]:
    """Return the networks that no address or route of the host overlaps, those that no rule names first."""
    free = [network for text in _NETWORKS if not _is_used(network := IPv4Network(text), links)]
    return tuple(sorted(free, key=lambda network: is_named(network, firewall)))


def is_named(network: IPv4Network, firewall: Firewall | Missing) -> bool:
    """Whether a rule speaks of addresses like these, as lists of addresses that must not occur do."""
    if isinstance(firewall, Missing) or firewall.v4 is None:
        return False
    start = f" {str(network[0]).rpartition('.')[0]}."
    return any(start in rule.text for rule in firewall.v4.ruleset.rules)


def _is_used(network: IPv4Network, links: Links) -> bool:
    held = (IPv4Network(address.network) for link in links.links for address in link.ipv4)
    routed = (route.network for route in links.routes if route.destination != "default")
    return any(other is not None and other.prefixlen and network.overlaps(other) for other in (*held, *routed))
