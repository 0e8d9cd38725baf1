"""Finds the host end of each container's veth: each end has the number of the other one, in the kernel's tables.

Nothing is read from the container's files, and a program in it that makes interfaces of its own misleads nobody.
"""

import re

from doctor.facts.network.networks import Network, Networks
from doctor.facts.network.wires import Wire, Wires
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.formats.netlink.routes import FAILED
from doctor.host.base import Host
from doctor.model.declare import collector

# A unicast address (the lowest bit of the first byte is 0): a container with NET_ADMIN can write anything into its table.
_UNICAST = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}")


@collector
def wires(host: Host, networks: Networks, namespaces: NetNamespaces) -> Wires:
    """Return the wires; an endpoint whose interface is not certain is left out."""
    del host
    found: list[Wire] = []
    for endpoint in networks.running:
        network = networks.get(endpoint.network_id)
        wire = namespaces.wire(endpoint, network) if network is not None and network.is_bridge else None
        if wire is not None and network is not None:
            mac = _gateway_mac(wire.namespace, network)
            found.append(Wire(endpoint=endpoint, network=network, interface=wire.outer.name, gateway_mac=mac))
    return Wires(items=tuple(found), gaps=namespaces.gaps)


def _gateway_mac(namespace: NetNamespace, network: Network) -> str:
    """Return the gateway's MAC address from the container's neighbour table, "" if it is not there."""
    gateway = network.gateway.partition("/")[0]
    for entry in namespace.neighbours:
        if entry.address == gateway and not entry.state & FAILED and _UNICAST.fullmatch(entry.mac):
            return entry.mac
    return ""
