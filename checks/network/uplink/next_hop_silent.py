"""The gateway of the host's default route does not answer."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.path.namespace import drops
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import GatewaySilent
from doctor.facts.path.own.kept_state import KeptState, PlacedRoute
from doctor.facts.path.own.unheard import best_defaults, has_entry, is_unheard
from doctor.facts.path.paths import Paths
from doctor.facts.path.way import HOST
from doctor.formats.netlink.routes import MAIN

_QUESTION = 28
"""Length of a question of ARP."""


@check(
    severity=Severity.ERROR,
    detail=GatewaySilent,
    breaks=("egress", "port"),
    ends=("neighbour",),
    ok="no gateway of the host's default routes is known to be silent",
)
def next_hop_silent(
    namespaces: NetNamespaces,
    record: HealthyNetwork | Missing,
    files: HostNetworkFiles | Missing,
    paths: Paths | Missing,
) -> Iterator[Finding]:
    """The gateway of the best default route does not answer, so packets of containers to the outside end there.

    What it looks at:
        The default routes of the main table with the lowest metric, and the neighbour table: its entry is FAILED or INCOMPLETE if the
        host asked for the gateway's address and nobody answered. The kernel forgets such an entry after a while, so a gateway
        without an entry is a warning if the last healthy scan saw another one that answered, and neither a file of the host nor a
        program (DHCP, a routing daemon, keepalived) set the route. Other gateways that nobody has asked for are not judged, and none
        on an interface whose settings keep the host from asking (network/neighbours-not-asked).

    Why it matters:
        The host can't send packets to the gateway: they end with "No route to host". A wrong address, a gateway that is off, or a
        cable to another network are usual causes.

    How it is fixed:
        If the last healthy scan saw another gateway, and it is in a network of its interface and not silent as well, ``--choose`` asks
        whether the default route is changed back to it; routes over silent gateways that lead away from it, and that were not
        there, are deleted then. Packets may go around a VPN that is off on purpose, so that only a person can decide. If a file of
        the host sets the present gateway, the command is shown.

    References:
        https://man7.org/linux/man-pages/man8/ip-neighbour.8.html
    """
    state = KeptState(namespaces.host, record)
    for current in _current(state, paths):
        has_failed = _has_failed(state, current)
        if not (has_failed or (is_unheard(state, current) and not _is_wanted(state, current, files))):
            continue
        kept = tuple(
            one
            for one in state.lost_routes()
            if one.is_default
            and one.route.version == current.route.version
            and one.route.table == MAIN
            and state.fits(one)
        )
        was = f", it was {kept[0].route.gateway} at the last healthy scan" if kept else ""
        gateway = f"the gateway {current.route.gateway} of {current.device}"
        message = (
            f"packets of containers to the outside end at {gateway}: nobody answers for its address{was}"
            if has_failed
            else f"nothing has come from {gateway} since the default route was changed{was}"
        )
        entry = "FAILED or INCOMPLETE" if has_failed else "has no entry"
        yield Finding(
            subject=Subject("route", current.text),
            message=message,
            severity=None if has_failed else Severity.WARNING,
            evidence=(
                Evidence("ip route", current.text),
                Evidence("ip neigh", f"{current.route.gateway} dev {current.device} {entry}"),
                *(Evidence(state.place, one.text) for one in (kept or _hints(state, current))[:4]),
            ),
            detail=GatewaySilent(current=current, kept=kept, diverts=_diverts(state, kept)),
        )


def _not_asked(paths: Paths | Missing) -> set[tuple[str, int]]:
    """Return the interfaces of the host, with the version, on which the kernel asks nobody: that is why an entry failed."""
    cuts = () if isinstance(paths, Missing) else paths.of("neighbour")
    return {
        (cut.device, cut.ways[0].version)
        for cut in cuts
        if cut.place == HOST and cut.ways and "mcast_solicit is 0" in cut.reason
    }


def _current(state: KeptState, paths: Paths | Missing) -> Iterator[PlacedRoute]:
    """Yield the best default routes of each family; none if another one of the same metric may work, or if nobody may be asked."""
    closed = _not_asked(paths)
    for version in (4, 6):
        best = best_defaults(state, version)
        if all(_has_failed(state, one) or not has_entry(state, one) for one in best):
            yield from (one for one in best if (one.device, version) not in closed)


def _is_wanted(state: KeptState, one: PlacedRoute, files: HostNetworkFiles | Missing) -> bool:
    """Whether a file sets the route, or leaves it to DHCP: some of its clients leave no sign in the routes themselves."""
    link = state.now.named(one.device)
    if isinstance(files, Missing) or link is None:
        return False
    expected = files.expected(link.name, link.mac)
    return files.source_of(one.route, one.device) is not None or (expected is not None and expected.is_dynamic)


def _has_failed(state: KeptState, one: PlacedRoute) -> bool:
    """Whether the gateway failed, and not because the interface itself sends nothing."""
    link = state.now.named(one.device)
    if not one.route.gateway or link is None or not link.is_up or not link.has_carrier:
        return False
    is_mute = any(queue.link == link.index and drops(queue, _QUESTION) for queue in state.now.qdiscs)
    return not is_mute and state.is_silent(link, one.route.gateway)


def _hints(state: KeptState, current: PlacedRoute) -> tuple[PlacedRoute, ...]:
    """Return the default routes of the last healthy scan that can't be used now, for a reader."""
    return tuple(one for one in state.lost_routes() if one.is_default and one.route.version == current.route.version)


def _diverts(state: KeptState, kept: tuple[PlacedRoute, ...]) -> tuple[PlacedRoute, ...]:
    """Return the new routes by which the kernel would refuse a kept gateway: it must be a neighbour."""
    gateways = [ip_address(one.route.gateway) for one in kept if one.route.gateway]
    return tuple(
        one
        for one in state.new_routes()
        if not one.is_default
        and one.route.table == MAIN
        and one.route.gateway
        and not one.route.has_more
        and (_has_failed(state, one) or not has_entry(state, one))
        and any(
            gateway.version == one.route.version and gateway in ip_network(one.route.destination, strict=False)
            for gateway in gateways
        )
    )
