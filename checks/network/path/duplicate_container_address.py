"""An address of a container is also on the host or on another container."""

from collections.abc import Iterator
from ipaddress import ip_address

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.network.networks import Endpoint, Networks
from doctor.facts.path.details import AddressTwice
from doctor.facts.path.ends.endpoints import PathEndpoints
from doctor.facts.path.namespace import NetAddress, NetNamespace
from doctor.facts.path.namespaces import NetNamespaces


@check(
    severity=Severity.ERROR,
    detail=AddressTwice,
    breaks=("egress", "port"),
    ends=("wrong-way", "wrong-mac", "source-is-local", "neighbour", "local-address", "proxy-missing", "no-listener"),
    ok="no address of a running container is used twice",
)
def duplicate_container_address(
    namespaces: NetNamespaces, networks: Networks, containers: Containers, endpoints: PathEndpoints
) -> Iterator[Finding]:
    """The address of a running container is also an address of the host, or of another container on the same network.

    What it looks at:
        The addresses of all interfaces of the host and of each running container, and those that the engine assigned.

    Why it matters:
        If the host has the address, it answers itself: it drops what the container sends, and published ports lead nowhere. If
        another container has it, each connection reaches one of the two, and which one changes with every ARP answer.

    How it is fixed:
        An address on the engine's bridge or on another container is removed: the engine assigned it to neither. One on another
        interface of the host may be needed there, one with a lifetime is renewed by a program, and the kernel removes others
        with the first one of a network: in these cases the commands are shown.

    References:
        https://docs.docker.com/engine/network/drivers/bridge/
    """
    assigned: dict[str, Endpoint] = {}
    for endpoint in networks.running:
        network = networks.get(endpoint.network_id)
        if network is not None and network.is_bridge and endpoint.container_id in namespaces.containers:
            assigned.update(dict.fromkeys(filter(None, map(_plain, (endpoint.ip, endpoint.ip6))), endpoint))
    bridges = {network.bridge for network in networks.bridges}
    for address in namespaces.host.addresses:
        if (owner := assigned.get(address.address)) is not None:
            yield _on_host(owner, address, namespaces.host, bridges)
    named = {container.id: container for container in containers.items}
    # There the address stands in the place of the own one, and network/container-address-missing reports both.
    replaced = {
        (one.namespace.inode, one.inner.index)
        for one in endpoints.made
        if one.inner is not None and one.address and one.found() is None
    }
    for identity, namespace in namespaces.own:
        for address in namespace.addresses:
            found = assigned.get(address.address)
            if found is None or namespaces.containers[found.container_id].inode == namespace.inode:
                continue
            if (namespace.inode, address.link) in replaced:
                continue
            network = networks.get(found.network_id)
            if network is not None and _is_port(namespaces, namespace, address, network.bridge):
                yield _on_container(found, address, namespace, named[identity])


def _is_port(namespaces: NetNamespaces, namespace: NetNamespace, address: NetAddress, bridge: str) -> bool:
    """Whether the interface with the address is on this bridge: containers on different ones may have one address."""
    link, found = namespace.link(address.link), namespaces.host.named(bridge)
    outer = None if link is None else namespaces.outer(link)
    return outer is not None and found is not None and outer.master == found.index


def _plain(address: str) -> str:
    """The address in the form in which the kernel's are shown."""
    try:
        return str(ip_address(address.partition("/")[0]))
    except ValueError:
        return ""


def _on_host(endpoint: Endpoint, address: NetAddress, host: NetNamespace, bridges: set[str]) -> Finding:
    link = host.link(address.link)
    device = link.name if link is not None else str(address.link)
    name = endpoint.container or endpoint.container_id[:12]
    return Finding(
        subject=Subject("container", name),
        message=(
            f"the host has the address {address.address} of container {name} on {device}: "
            "it answers for the container, and drops packets from it"
        ),
        evidence=(Evidence("addresses of the host", f"{address.text} on {device}"),),
        detail=_detail(address, host, device, is_foreign=device in bridges),
    )


def _on_container(endpoint: Endpoint, address: NetAddress, namespace: NetNamespace, other: Container) -> Finding:
    link = namespace.link(address.link)
    device = link.name if link is not None else str(address.link)
    name = endpoint.container or endpoint.container_id[:12]
    # A program in the other container may have set it, if it may, and would set it again.
    may_set = other.host is None or other.host.may_set_network
    return Finding(
        subject=Subject("container", name),
        message=(
            f"container {other.title} has the address {address.address} of container {name} too: "
            "connections reach either of them"
        ),
        evidence=(Evidence(f"addresses of {other.title}", f"{address.text} on {device}"),),
        detail=_detail(address, namespace, device, is_foreign=not may_set, container=other.title),
    )


def _detail(
    address: NetAddress, namespace: NetNamespace, device: str, *, is_foreign: bool, container: str = ""
) -> AddressTwice:
    takes = namespace.taken_with(address)
    return AddressTwice(
        address=address.text,
        device=device,
        container=container,
        kernels=address,
        takes=takes,
        pid=namespace.pid if container else 0,
        inode=namespace.inode if container else 0,
        is_removable=is_foreign and not takes and not address.is_leased,
    )
