"""Finds the interface of each running container on a bridge network, in one pass over what the kernel and the engine have."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from doctor.facts.containers.containers import Attachment, Container, Containers
from doctor.facts.network.networks import Endpoint, Network, Networks
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import NetLink, NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.host.base import Host
from doctor.model.declare import collector

_RUNC = "runc"
_Wire = tuple[NetLink, NetLink]
"""The container's end of a veth, and the host's."""


@collector
def path_endpoints(host: Host, namespaces: NetNamespaces, networks: Networks, containers: Containers) -> PathEndpoints:
    """Return them, in the order in which the containers started."""
    del host
    kinds = {network.id: network for network in networks.items}
    bridges = {link.name: link for link in namespaces.host.links if link.bridge is not None}
    free = _free(namespaces, containers)
    by_container: dict[str, list[tuple[Endpoint, Network]]] = defaultdict(list)
    for endpoint in networks.running:
        network = kinds.get(endpoint.network_id)
        if network is not None and network.is_bridge and namespaces.of(endpoint.container_id) is not None:
            by_container[endpoint.container_id].append((endpoint, network))
    items: list[PathEndpoint] = []
    for identity, places in by_container.items():
        namespace, container = namespaces.of(identity), containers.get(identity)
        if namespace is None or container is None:
            continue
        wires = [(link, outer) for link in namespace.links if (outer := namespaces.outer(link)) is not None]
        of_network = _assigned(namespace, places, wires, bridges)
        has_rest = len(wires) > len(set(of_network.values())) or "links" in namespace.cut
        for endpoint, network in places:
            wire = of_network.get(endpoint.id)
            items.append(
                PathEndpoint(
                    endpoint=endpoint,
                    network=network,
                    name=container.title,
                    namespace=namespace,
                    inner=wire[0] if wire else None,
                    outer=wire[1] if wire else None,
                    bridge=bridges.get(network.bridge),
                    chosen=() if container.host is None else container.host.sysctls,
                    is_free=namespace.inode in free,
                    is_lost=wire is None and not has_rest,
                    is_only=len(places) == len(container.networks) == 1,
                    **_recorded(endpoint, network, container),
                )
            )
    return PathEndpoints(items=tuple(items), gaps=namespaces.gaps)


def _assigned(
    namespace: NetNamespace,
    places: list[tuple[Endpoint, Network]],
    wires: list[_Wire],
    bridges: dict[str, NetLink],
) -> dict[str, _Wire]:
    """Endpoint → its veth: that with its address, else the only one on its bridge, else the only one that is left."""
    owners = {item.address: item.link for item in namespace.addresses}
    by_inner = {wire[0].index: wire for wire in wires}
    found: dict[str, _Wire] = {}
    for endpoint, network in places:
        bridge = bridges.get(network.bridge)
        on_bridge = [wire for wire in wires if bridge is not None and wire[1].master == bridge.index]
        own = [by_inner[owners[one]] for one in (endpoint.ip, endpoint.ip6) if owners.get(one) in by_inner]
        wanted = own[:1] or on_bridge
        if len(wanted) == 1:
            found[endpoint.id] = wanted[0]
    left = [wire for wire in wires if wire not in found.values()]
    rest = [endpoint.id for endpoint, _ in places if endpoint.id not in found]
    if len(left) == len(rest) == 1:
        found[rest[0]] = left[0]
    twice = {wire for wire, count in Counter(found.values()).items() if count > 1}
    return {identity: wire for identity, wire in found.items() if wire not in twice}


def _recorded(endpoint: Endpoint, network: Network, container: Container) -> dict[str, str]:
    attachment = next((one for one in container.networks if one.endpoint_id == endpoint.id), Attachment(name=""))
    gateway = attachment.gateway or ("" if network.internal else network.gateway.partition("/")[0])
    return {
        "mac": attachment.mac.lower(),
        "gateway": gateway,
        "address": _with_prefix(endpoint.ip, network.subnets),
        "address6": _with_prefix(endpoint.ip6, network.subnets6),
    }


def _with_prefix(address: str, subnets: tuple[str, ...]) -> str:
    """Return the address with the prefix length of its network, "" if that is not certain."""
    return f"{address}/{subnets[0].partition('/')[2]}" if address and len(subnets) == 1 else ""


def _free(namespaces: NetNamespaces, containers: Containers) -> frozenset[int]:
    """Return the namespaces that a program in one of their containers may change; gVisor and others have a network of their own."""
    return frozenset(namespace.inode for container, namespace in _own(namespaces, containers) if _may_change(container))


def _own(namespaces: NetNamespaces, containers: Containers) -> Iterator[tuple[Container, NetNamespace]]:
    for container in containers.items:
        namespace = namespaces.of(container.id)
        if namespace is not None:
            yield container, namespace


def _may_change(container: Container) -> bool:
    host = container.host
    return host is None or host.may_set_network or _RUNC not in (host.runtime or _RUNC)
