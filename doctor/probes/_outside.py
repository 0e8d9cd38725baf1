"""An outside host for a probe: a client on a bridge of doctor's own, and whether a foreign rule cuts only that one off."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.firewall import Firewall, Saved
from doctor.facts.firewall_nft import NftWalker
from doctor.facts.firewall_packet import DROP, REJECT, Packet, Walker, address_number
from doctor.facts.links import Links
from doctor.formats.iptables_save import Rule
from doctor.probes._place import hardware_address

_NETWORKS = ("192.0.2.0/29", "203.0.113.0/29", "198.51.100.0/29")
"""The documentation networks (RFC 5737): no host outside has such an address."""
_NAMES = 8


class Outside(Struct, frozen=True, kw_only=True):
    """Where the client stands: ``bridge`` is made for it and removed after it; ``host`` is this host's address there."""

    bridge: str
    client: str
    host: str
    prefix: int

    @property
    def place(self) -> dict[str, Any]:
        """Return the runtime's ``bridge`` object."""
        return {
            "name": self.bridge,
            "address": f"{self.client}/{self.prefix}",
            "gateway": self.host,
            "create": True,
            "mac": hardware_address(self.client),
        }


def outside(links: Links) -> Outside | None:
    """Return an outside that collides with nothing of the host; ``None`` where its interfaces and routes leave no room."""
    name = next((f"doctor{n}" for n in range(_NAMES) if links.link(f"doctor{n}") is None), "")
    for text in _NETWORKS:
        network = IPv4Network(text)
        if name and not _is_used(network, links):
            first, second = IPv4Address(int(network[1])), IPv4Address(int(network[2]))
            return Outside(bridge=name, client=str(second), host=str(first), prefix=network.prefixlen)
    return None


def _is_used(network: IPv4Network, links: Links) -> bool:
    held = (IPv4Network(address.network) for link in links.links for address in link.ipv4)
    routed = (route.network for route in links.routes if route.destination != "default")
    return any(other is not None and other.prefixlen and network.overlaps(other) for other in (*held, *routed))


def cut_for_it_alone(firewall: Firewall, way: Packet, uplink: str, rule: Rule | None) -> str:
    """Return the rule that drops the outside client's packet and lets one from the uplink through, "" for none.

    ``way`` is the packet as the client sends it, behind the translation of its destination; ``rule`` one that the probe adds
    to the engine's chain for its own server.
    """
    real = replace(way, inside=uplink, source=None)
    if firewall.v4 is not None:
        walker = Walker(_with(firewall.v4, rule))
        ours, theirs = (walker.verdict("filter", "FORWARD", packet) for packet in (way, real))
        if ours.target in {DROP, REJECT} and theirs.target not in {DROP, REJECT}:
            return ours.rule.text if ours.rule is not None else "the policy of FORWARD"
    for table, ruleset in firewall.foreign.items():
        nft = NftWalker(ruleset)
        for mine, its in zip(nft.forward(way), nft.forward(real), strict=True):
            if mine.target in {"drop", "reject"} and its.target not in {"drop", "reject"}:
                return f"chain {mine.chain.name} of nft table {table.text}"
    return ""


def _with(saved: Saved, rule: Rule | None) -> Saved:
    if rule is None:
        return saved
    key = (rule.table, rule.chain)
    return replace(saved, by_chain={**saved.by_chain, key: (rule, *saved.rules(*key))})


def packet_to(address: str, port: int, bridge: str, client: Outside) -> Packet:
    """Return the outside client's packet to a container, behind the translation of its destination."""
    return Packet(
        inside=client.bridge,
        outside=bridge,
        source=address_number(client.client),
        destination=address_number(address),
        port=port,
        is_dnat=True,
    )
