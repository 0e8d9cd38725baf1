"""Finds the host end of each container's veth.

The host end has the number of the interface inside the container as its peer (IFLA_LINK). That number is read from the kernel's
tables of the container's network namespace, never from the container's files.
"""

import re
from ipaddress import IPv4Network

from doctor.facts.containers.containers import Containers
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Network, Networks
from doctor.facts.network.wires import Wire, Wires
from doctor.formats.network import proc_net
from doctor.formats.text import decode, is_number
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

# A unicast address (the lowest bit of the first byte is 0): a container with NET_ADMIN can write anything into its table.
_UNICAST = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}")


@collector
def wires(host: Host, networks: Networks, containers: Containers, links: Links) -> Wires:
    """Return the wires; a container that ends meanwhile is left out."""
    peers: dict[int, list[str]] = {}
    for link in links.links:
        if link.kind == "veth" and link.peer_index and link.peer_namespace is not None:
            peers.setdefault(link.peer_index, []).append(link.name)
    found: list[Wire] = []
    gaps: list[Missing] = []
    for endpoint in networks.running:
        network = networks.get(endpoint.network_id)
        container = containers.get(endpoint.container_id)
        if network is None or container is None or not network.is_bridge:
            continue
        try:
            index = _index(host, container.state.pid, network)
            mac = _gateway_mac(host, container.state.pid, network)
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            continue
        names = peers.get(index, [])
        # Two namespaces may use the same number: then it is unknown whose end this is.
        if len(names) == 1:
            found.append(Wire(endpoint=endpoint, network=network, interface=names[0], gateway_mac=mac))
    return Wires(items=tuple(found), gaps=tuple(gaps))


def _index(host: Host, pid: int, network: Network) -> int:
    """Return the number of a container's interface in a network, 0 if it has none."""
    top = f"/proc/{pid}/net"
    subnets = {str(IPv4Network(subnet, strict=False)) for subnet in network.subnets}
    try:
        routes = proc_net.parse_routes(decode(host.read(HostPath(f"{top}/route"))))
    except FormatError:
        return 0
    names = {route.interface for route in routes if route.destination in subnets and not route.gateway}
    if len(names) != 1:
        return 0
    # "2\teth0      :     1      V3" for each interface, then indented lines of its groups (net/ipv4/igmp.c).
    for line in decode(host.read(HostPath(f"{top}/igmp"))).splitlines():
        words = line.split()
        if len(words) > 2 and not line[:1].isspace() and is_number(words[0]) and words[1].rstrip(":") in names:
            return int(words[0])
    return 0


def _gateway_mac(host: Host, pid: int, network: Network) -> str:
    """Return the gateway's MAC address from the container's neighbour table, "" if it is not there."""
    gateway = network.gateway.partition("/")[0]
    for line in decode(host.read(HostPath(f"/proc/{pid}/net/arp"))).splitlines()[1:]:
        # Address, type, flags (2: complete), MAC address, mask, device (net/ipv4/arp.c).
        words = line.split()
        if len(words) == 6 and words[0] == gateway and words[2] != "0x0" and _UNICAST.fullmatch(words[3]):
            return words[3]
    return ""
