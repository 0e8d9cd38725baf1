"""The interface of a running container is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import InterfaceBase, InterfaceLost
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespaces import NetNamespaces


@check(
    severity=Severity.ERROR,
    detail=InterfaceLost,
    breaks=("egress", "port", "dns"),
    ends=("link-missing", "neighbour", "wrong-mac", "no-bridge", "no-route", "no-default-route"),
    ok="every running container has an interface on each of its bridge networks",
)
def container_interface_missing(endpoints: PathEndpoints, namespaces: NetNamespaces) -> Iterator[Finding]:
    """A running container has no interface on a network that the engine attached it to: both ends of the veth are deleted.

    What it looks at:
        The veths of each running container, beside the endpoints that the engine recorded. Containers whose programs may change
        the network (NET_ADMIN) and runtimes other than runc are left out.

    Why it matters:
        The container has neither address nor route on this network: it reaches nothing, and nothing reaches it. ``docker ps``
        and ``docker inspect`` show nothing of it.

    How it is fixed:
        A new veth is created with the recorded addresses and MAC address, attached to the bridge, and the default route is
        added; the container does not restart, and the engine's rules for it still hold. (``docker network disconnect`` and
        ``docker network connect`` do the same, but give the container another address on the default network.) Without a recorded
        address, or if the bridge is gone, these commands are shown.

    References:
        https://docs.docker.com/reference/cli/docker/network/connect/
    """
    for one in endpoints.made:
        if one.is_lost:
            yield Finding(
                subject=Subject("container", one.name),
                message=f"container {one.name} has no interface on network {one.network.name}: its veth is deleted, and it reaches nothing there",
                evidence=(
                    Evidence(
                        f"interfaces of {one.name}", ", ".join(link.name for link in one.namespace.links) or "none"
                    ),
                    Evidence("the engine's record", f"{one.address or 'an endpoint'} on network {one.network.name}"),
                ),
                detail=_detail(endpoints, one, namespaces),
            )


def _detail(endpoints: PathEndpoints, one: PathEndpoint, namespaces: NetNamespaces) -> InterfaceLost:
    names = {link.name for link in one.namespace.links}
    host = namespaces.host
    highest = 1 + max((link.index for link in (*host.links, *one.namespace.links)), default=0)
    return InterfaceLost(
        place=one.place,
        base=InterfaceBase(
            device=next(name for number in range(len(names) + 1) if (name := f"eth{number}") not in names),
            address=one.address,
            address6=one.address6,
            gateway=endpoints.gateway_of(one),
            gateway6=endpoints.gateway_of(one, 6),
        ),
        outer=_outer(one, {link.name for link in host.links}),
        number=highest,
        outer_number=highest + 1,
        bridge=one.network.bridge if one.bridge is not None else "",
        mac=one.mac,
        mtu=one.network.mtu,
        has_ipv6=one.network.ipv6,
    )


def _outer(one: PathEndpoint, names: set[str]) -> str:
    """A free name of the engine's kind."""
    wanted = (f"veth{one.endpoint.id[start : start + 7]}" for start in range(0, 56, 7))
    return next((name for name in wanted if name not in names), "")
