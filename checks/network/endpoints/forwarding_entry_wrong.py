"""A fixed entry of a bridge's forwarding table leads to the wrong port."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import ContainerPlace, EntryWrong
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import ForwardingEntry
from doctor.facts.path.namespaces import NetNamespaces
from doctor.formats.netlink.routes import FIXED


@check(
    severity=Severity.ERROR,
    detail=EntryWrong,
    breaks=("egress", "port"),
    ends=("wrong-mac", "wrong-way", "port-hairpin"),
    ok="no fixed forwarding entry leads a container's packets to another port",
)
def forwarding_entry_wrong(endpoints: PathEndpoints, namespaces: NetNamespaces) -> Iterator[Finding]:
    """A static or local entry in the forwarding table of a bridge gives a container's MAC address to another port.

    What it looks at:
        The static and local entries of the forwarding tables of the engine's bridges, beside the ports of the running containers.

    Why it matters:
        The bridge does not learn an address that has a static entry: it sends every packet for the container to the other port, or
        keeps it for the host.

    How it is fixed:
        The entry is deleted, and the bridge learns the address from the container's next packet. No container restarts.

    References:
        https://man7.org/linux/man-pages/man8/bridge.8.html
    """
    owners = {
        (one.bridge.index, mac): one
        for one in endpoints.items
        if one.bridge is not None and one.outer is not None and (mac := one.mac or _mac(one))
    }
    for entry in namespaces.host.fdb:
        one = owners.get((entry.master, entry.mac))
        if one is None or one.outer is None or not entry.state & FIXED or entry.link == one.outer.index:
            continue
        link = namespaces.host.link(entry.link)
        # A port whose own address it is keeps it; a VLAN needs a request of its own.
        if link is None or link.mac == entry.mac or entry.vlan:
            continue
        yield _finding(one, one.outer.name, entry, link.name)


def _mac(one: PathEndpoint) -> str:
    return "" if one.inner is None or one.is_free else one.inner.mac


def _finding(one: PathEndpoint, port: str, entry: ForwardingEntry, wrong: str) -> Finding:
    return Finding(
        subject=Subject("container", one.name),
        message=(
            f"a static entry of {one.network.bridge} leads the MAC address {entry.mac} of container {one.name} to port {wrong}, "
            f"not to {port}: packets to the container are lost"
        ),
        evidence=(Evidence("bridge fdb", f"{entry.mac} dev {wrong} master {one.network.bridge} static"),),
        detail=EntryWrong(
            place=ContainerPlace(),
            kind="fdb",
            entry={"dev": wrong, "lladdr": entry.mac, "state": entry.state},
        ),
    )
