"""A fixed neighbour entry names the wrong MAC address."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import ContainerPlace, EntryWrong
from doctor.facts.path.ends.endpoints import PathEndpoints
from doctor.facts.path.namespace import Neighbour, NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.formats.netlink.routes import PERMANENT


@check(
    severity=Severity.ERROR,
    detail=EntryWrong,
    breaks=("egress", "port"),
    ends=("wrong-mac", "neighbour"),
    ok="no fixed neighbour entry for a container or its gateway names a wrong MAC address",
)
def neighbour_wrong(endpoints: PathEndpoints, namespaces: NetNamespaces) -> Iterator[Finding]:
    """A neighbour entry that was fixed by hand sends packets for a container, or for its gateway, to a MAC address that is not theirs.

    What it looks at:
        The permanent entries of the neighbour tables of the host and of the running containers, on the networks of the engine,
        beside the MAC addresses of the containers and bridges themselves.

    Why it matters:
        The kernel never asks ARP for an address with a permanent entry. With the wrong MAC address the bridge sends each packet
        nowhere: no rule and no route shows why connections to that one address time out.

    How it is fixed:
        The entry is deleted, and the kernel asks ARP, as it does for every other address. No container restarts.

    References:
        https://man7.org/linux/man-pages/man8/ip-neighbour.8.html
    """
    right: dict[tuple[str, str], str] = {}
    for one in endpoints.items:
        mac = one.mac or (one.inner.mac if one.inner is not None and not one.is_free else "")
        for address in filter(None, (one.endpoint.ip, one.endpoint.ip6)):
            right[one.network.bridge, address] = mac
        if one.bridge is not None:
            for item in namespaces.host.addresses:
                if item.link == one.bridge.index:
                    right[one.network.bridge, item.address] = one.bridge.mac
    bridges = {one.bridge.index: one.network.bridge for one in endpoints.items if one.bridge is not None}
    yield from _wrong(namespaces.host, ContainerPlace(), bridges, right)
    seen: set[int] = set()
    for one in endpoints.made:
        if one.namespace.inode not in seen:
            seen.add(one.namespace.inode)
            inner = {
                other.inner.index: other.network.bridge
                for other in endpoints.of(one.endpoint.container_id)
                if other.inner is not None
            }
            yield from _wrong(one.namespace, one.place, inner, right)


def _wrong(
    namespace: NetNamespace, place: ContainerPlace, links: dict[int, str], right: dict[tuple[str, str], str]
) -> Iterator[Finding]:
    for entry in namespace.neighbours:
        mac = right.get((links.get(entry.link, ""), entry.address), "")
        if entry.state & PERMANENT and mac and entry.mac and entry.mac != mac:
            yield _finding(namespace, place, entry, mac)


def _finding(namespace: NetNamespace, place: ContainerPlace, entry: Neighbour, mac: str) -> Finding:
    link = namespace.link(entry.link)
    device = link.name if link is not None else ""
    where = f"container {place.container}" if place.pid else "the host"
    return Finding(
        subject=Subject("neighbour", f"{entry.address} of {where}"),
        message=f"a permanent neighbour entry of {where} names {entry.mac} for {entry.address}, which has {mac}: packets to it are lost",
        evidence=(Evidence(f"neighbours of {where}", f"{entry.address} dev {device} lladdr {entry.mac} PERMANENT"),),
        detail=EntryWrong(
            place=place,
            kind="neigh",
            entry={"dev": device, "dst": entry.address, "lladdr": entry.mac, "state": PERMANENT},
        ),
    )
