"""Places for test containers: a free address on one of the engine's own bridges."""

from ipaddress import IPv4Address, IPv4Network, ip_interface
from typing import Any

from doctor.facts.network.links import Links
from doctor.facts.network.networks import Network, Networks

_TRIES = 4096


def bridge_network(networks: Networks) -> Network | None:
    """Return the bridge network to test: the engine's default one, else the first that leads outside, else ``None``."""
    able = [network for network in networks.bridges if not network.internal and network.subnets and network.bridge]
    return next((network for network in able if network.is_default), able[0] if able else None)


def place(network: Network, networks: Networks, links: Links, *, skip: int = 0) -> dict[str, Any] | None:
    """Return the runtime's ``bridge`` object for a container on ``network``, or ``None`` if no address is free.

    Addresses are taken from the top of the subnet, which the engine's allocator reaches last (libnetwork ipam, ascending).
    ``skip`` is the number of free addresses to skip, so that containers of one batch get different ones.
    """
    subnet = IPv4Network(network.subnets[0], strict=False)
    gateway = str(ip_interface(network.gateway).ip) if network.gateway else str(next(subnet.hosts()))
    top = int(subnet.broadcast_address)
    for number in range(top - 1, max(top - _TRIES, int(subnet.network_address) + 1), -1):
        address = str(IPv4Address(number))
        if address == gateway or networks.knows_address(address):
            continue
        if skip:
            skip -= 1
            continue
        return {
            "name": network.bridge,
            "address": f"{address}/{subnet.prefixlen}",
            "gateway": gateway,
            "create": links.link(network.bridge) is None,
            "mac": hardware_address(address),
        }
    return None


def hardware_address(address: str) -> str:
    """Return the MAC address that dockerd derives from an IPv4 address, so that neighbours' ARP entries stay valid.

    Source: moby libnetwork/netutils, GenerateMACFromIP (02:42 and the four bytes).
    """
    return "02:42:" + ":".join(f"{byte:02x}" for byte in IPv4Address(address).packed)
