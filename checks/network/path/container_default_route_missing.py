"""A running container has no default route."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.network.networks import Endpoint, Network, Networks
from doctor.facts.path.details import RouteLost
from doctor.facts.path.ends.endpoints import PathEndpoints
from doctor.facts.path.namespace import NetLink, NetNamespace
from doctor.facts.path.namespaces import NetNamespaces

_DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}
_RUNC = "runc"
_HALVES = {4: ("0.0.0.0/1", "128.0.0.0/1"), 6: ("::/1", "8000::/1")}


@check(
    severity=Severity.ERROR,
    detail=RouteLost,
    breaks=("egress", "port"),
    ends=("no-route", "no-default-route"),
    ok="every running container of a network with a gateway has its default route",
    messages=(
        Message(
            pattern=r"connect: network is unreachable|Network is unreachable|Network unreachable",
            example="wget: can't connect to remote host (192.0.2.80): Network is unreachable",
            means="the sender has no route to the address",
            do="compare 'ip route' with the routes of another container of the network",
            also=("network/no-default-route", "containers/no-ipv6"),
        ),
    ),
)
def container_default_route_missing(
    namespaces: NetNamespaces, networks: Networks, containers: Containers, endpoints: PathEndpoints
) -> Iterator[Finding]:
    """A container of a network with a gateway has no default route, so it reaches only its own network.

    What it looks at:
        The routes of all tables in the network namespace of each running container. Namespaces with a container whose programs
        may change the network (NET_ADMIN) are left out: a VPN or a proxy may want it so. So are IPv6 where the interface
        has it off, and containers without any address of runtimes other than runc: gVisor moves addresses and routes into a
        network of its own.

    Why it matters:
        Programs in the container get "Network is unreachable". Published ports do not answer either, since the answers to hosts
        outside find no route. The engine sets the route when the container starts and never looks again.

    How it is fixed:
        The route over the network's gateway is added in the container's namespace; the container does not restart. If it has
        several networks with a gateway, a restart of the container sets the right one.

    References:
        https://docs.docker.com/engine/network/
    """
    changed = _changed(namespaces, containers)
    for container in containers.items:
        namespace = namespaces.of(container.id)
        if namespace is None or namespace.inode in changed or "routes" in namespace.cut:
            continue
        if container.id in endpoints.broken:
            # Its interface is gone, down, or without its address: the check of that restores the route too.
            continue
        places = [
            (endpoint, network)
            for endpoint in networks.running
            if endpoint.container_id == container.id and (network := networks.get(endpoint.network_id)) is not None
        ]
        for version in (4, 6):
            leading = [place for place in places if _leads_out(*place, version)]
            if _is_elsewhere(namespace, container, [_wire(namespaces, *place) for place in leading], version):
                continue
            if leading and not _has_default(namespace, version):
                yield _finding(container, namespace, leading, version, namespaces)


def _changed(namespaces: NetNamespaces, containers: Containers) -> set[int]:
    """Return the namespaces that a program in one of their containers may have changed: several may share one."""
    return {
        namespace.inode
        for container in containers.items
        if (namespace := namespaces.of(container.id)) is not None
        and (container.host is None or container.host.may_set_network)
    }


def _wire(namespaces: NetNamespaces, endpoint: Endpoint, network: Network) -> NetLink | None:
    found = namespaces.wire(endpoint, network)
    return None if found is None else found.inner


def _is_elsewhere(namespace: NetNamespace, container: Container, inner: list[NetLink | None], version: int) -> bool:
    """Whether the container has no such addresses on purpose: IPv6 is off in it, or its runtime has a network of its own."""
    runtime = "" if container.host is None else container.host.runtime
    if version == 4 and _RUNC in (runtime or _RUNC):
        return False
    # With IPv6 on, an interface has at least its link-local address, also after it was down.
    links = {link.index for link in inner if link is not None} or {link.index for link in namespace.links}
    return not any(
        item.link in links and item.version == version and item.scope != "host" for item in namespace.addresses
    )


def _leads_out(endpoint: Endpoint, network: Network, version: int) -> bool:
    """Whether the engine gives the container a default route over this network."""
    has_address = endpoint.ip if version == 4 else endpoint.ip6
    gateway = network.gateway if version == 4 else network.gateway6
    return (
        bool(has_address and gateway)
        and network.is_bridge
        and not network.internal
        and network.mode_of(version) != "isolated"
    )


def _has_default(namespace: NetNamespace, version: int) -> bool:
    found = {route.destination for route in namespace.routes if route.version == version}
    return _DEFAULT[version] in found or found.issuperset(_HALVES[version])


def _finding(
    container: Container,
    namespace: NetNamespace,
    leading: list[tuple[Endpoint, Network]],
    version: int,
    namespaces: NetNamespaces,
) -> Finding:
    name = leading[0][0].container or container.title
    ways = []
    if len(leading) == 1:
        endpoint, network = leading[0]
        wire = namespaces.wire(endpoint, network)
        gateway = (network.gateway if version == 4 else network.gateway6).partition("/")[0]
        if wire is not None and wire.inner.is_up:
            ways.append((gateway, wire.inner.name))
    shown = ", ".join(network.name for _, network in leading)
    return Finding(
        subject=Subject("container", name),
        message=f"container {name} has no IPv{version} default route: it reaches nothing beyond network {shown}",
        evidence=(Evidence(f"routes of {name}", f"no route to {_DEFAULT[version]} in any table"),),
        detail=RouteLost(container=name, pid=namespace.pid, inode=namespace.inode, ways=tuple(ways)),
    )
