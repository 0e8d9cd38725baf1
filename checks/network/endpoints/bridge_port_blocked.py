"""A container's bridge port lets no packets through."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import PortBlocked
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import BridgePort, NetLink
from doctor.facts.path.namespaces import NetNamespaces
from doctor.formats.netlink.links import FORWARDING

_STATES = {0: "disabled", 1: "listening", 2: "learning", 4: "blocking"}


@check(
    severity=Severity.ERROR,
    detail=PortBlocked,
    breaks=("egress", "port", "dns"),
    ends=("port-disabled", "neighbour", "wrong-mac"),
    ok="the bridge port of every running container forwards",
)
def bridge_port_blocked(endpoints: PathEndpoints, namespaces: NetNamespaces) -> Iterator[Finding]:
    """The bridge port of a container is disabled or locked, or the bridge sends nothing to it.

    What it looks at:
        State and settings of the bridge port of each running container, and the forwarding table of the bridge. A bridge with
        spanning tree is left out, as are ports that are locked or do not flood while the table has the container's address.

    Why it matters:
        Interface, address, routes and rules look right, but the bridge drops all packets of this container, or all to it.

    How it is fixed:
        The settings are set as the engine creates a port. The container does not restart; what others did to keep it apart (a
        locked port, say) is undone, as it would be by a restart of the container.

    References:
        https://man7.org/linux/man-pages/man8/bridge.8.html
    """
    known = {(entry.mac, entry.link) for entry in namespaces.host.fdb}
    for one in endpoints.items:
        if one.outer is None or one.outer.port is None or one.inner is None or one.bridge is None:
            continue
        if (
            not one.outer.is_up
            or not one.inner.is_up
            or not one.outer.has_carrier
            or one.outer.master != one.bridge.index
        ):
            continue
        is_known = (one.mac or one.inner.mac, one.outer.index) in known
        wrong = tuple(_wrong(one.outer.port, one.bridge, is_known=is_known))
        if wrong:
            yield _finding(one, one.outer, wrong)


def _wrong(port: BridgePort, bridge: NetLink, *, is_known: bool) -> Iterator[tuple[str, int, int]]:
    """Yield (setting, value, the engine's value)."""
    if port.state != FORWARDING and not (bridge.bridge is not None and bridge.bridge.stp):
        yield "state", port.state, FORWARDING
    if port.is_locked and not is_known:
        yield "locked", 1, 0
    is_deaf = not is_known and not port.learns and (port.is_locked or not port.floods)
    if is_deaf:
        yield "learning", 0, 1
    if is_deaf and not port.floods:
        yield "unicast_flood", 0, 1
    if not port.floods_broadcasts:
        # Nobody's question of ARP reaches the container.
        yield "bcast_flood", 0, 1
    if not port.floods_multicasts and (is_deaf or not port.floods_broadcasts):
        yield "mcast_flood", 0, 1


def _finding(one: PathEndpoint, port: NetLink, wrong: tuple[tuple[str, int, int], ...]) -> Finding:
    words = {"locked": "locked", "learning": "not learning", "unicast_flood": "not flooded", "bcast_flood": "not flooded with broadcasts", "mcast_flood": "not flooded with multicasts"}  # fmt: skip
    shown = " and ".join(
        _STATES.get(value, str(value)) if setting == "state" else words[setting] for setting, value, _ in wrong
    )
    return Finding(
        subject=Subject("container", one.name),
        message=f"bridge port {port.name} of {one.network.bridge} is {shown}: packets of container {one.name} end at the bridge",
        evidence=(Evidence(f"port {port.name}", ", ".join(f"{setting} {value}" for setting, value, _ in wrong)),),
        detail=PortBlocked(port=port.name, settings=wrong),
    )
