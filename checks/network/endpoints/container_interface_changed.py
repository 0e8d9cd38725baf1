"""The interface of a running container is down, answers no ARP, or has another MAC address."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.path.ends.details import ContainerPlace, InterfaceBase, InterfaceChanged
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import NetLink, NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.formats.netlink.links import NO_ARP
from doctor.formats.netlink.routes import PERMANENT


@check(
    severity=Severity.ERROR,
    detail=InterfaceChanged,
    breaks=("egress", "port", "dns"),
    ends=("link-down", "neighbour", "wrong-mac", "no-route", "no-default-route", "port-hairpin"),
    ok="the interfaces of running containers are up, as the engine set them",
)
def container_interface_changed(endpoints: PathEndpoints, namespaces: NetNamespaces | Missing) -> Iterator[Finding]:
    """Somebody set the interface of a container down, turned ARP off on it, or changed its MAC address.

    What it looks at:
        The container's end of its veth on each bridge network, beside the MAC address that the engine recorded. Containers whose
        programs may change the network (NET_ADMIN) and runtimes other than runc are left out.

    Why it matters:
        A container whose interface is down reaches nothing. Without ARP it finds no gateway, and nobody finds it. With another
        MAC address, entries of neighbours and switches that name the recorded one lead nowhere.

    How it is fixed:
        The interface is set as the engine set it, with its addresses and its default route. The container does not restart, and
        nothing is opened that the engine had closed. Entries for another MAC address, which the host and other containers have learned,
        are deleted, so that they ask again.

    References:
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    for one in endpoints.made:
        if one.inner is None:
            continue
        detail = _detail(endpoints, one, one.inner, namespaces)
        problems = tuple(_problems(detail))
        if problems:
            yield Finding(
                subject=Subject("container", one.name),
                message=f"{one.inner.name} of container {one.name} {' and '.join(problems)}: on network {one.network.name} it reaches nothing",
                evidence=(
                    Evidence(
                        f"interfaces of {one.name}",
                        f"{one.inner.name}: {'up' if one.inner.is_up else 'down'}, flags {one.inner.flags:#x}, {one.inner.mac}",
                    ),
                ),
                detail=detail,
            )


def _detail(
    endpoints: PathEndpoints, one: PathEndpoint, link: NetLink, namespaces: NetNamespaces | Missing
) -> InterfaceChanged:
    is_down = not link.is_up
    is_other = bool(one.mac and link.mac) and link.mac != one.mac
    return InterfaceChanged(
        place=one.place,
        base=InterfaceBase(
            device=link.name,
            # The kernel keeps IPv4 addresses of an interface that is down.
            address6=one.address6 if is_down else "",
            gateway=endpoints.gateway_of(one) if is_down else "",
            gateway6=endpoints.gateway_of(one, 6) if is_down else "",
        ),
        is_down=is_down,
        is_silent=bool(link.flags & NO_ARP),
        mac=one.mac if is_other else "",
        mac_now=link.mac,
        learned=tuple(_learned(endpoints, one, link.mac, namespaces)) if is_other else (),
    )


def _learned(
    endpoints: PathEndpoints, one: PathEndpoint, mac: str, namespaces: NetNamespaces | Missing
) -> Iterator[tuple[ContainerPlace, str, str]]:
    """Yield the entries that lead to the MAC address by which the container was reached meanwhile."""
    peers: list[tuple[ContainerPlace, NetNamespace]] = [
        (peer.place, peer.namespace) for peer in endpoints.items if peer.network.id == one.network.id
    ]
    if not isinstance(namespaces, Missing):
        peers.insert(0, (ContainerPlace(), namespaces.host))
    for place, namespace in peers:
        for entry in namespace.neighbours:
            found = namespace.link(entry.link)
            if found is not None and entry.mac == mac and not entry.state & PERMANENT:
                yield place, found.name, entry.address


def _problems(detail: InterfaceChanged) -> Iterator[str]:
    if detail.is_down:
        yield "is down"
    if detail.is_silent:
        yield "has ARP turned off"
    if detail.mac:
        yield f"has the MAC address {detail.mac_now} instead of {detail.mac}"
