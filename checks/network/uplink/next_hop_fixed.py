"""The MAC address of the host's gateway is fixed to another one than it had."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import NeighbourFixed
from doctor.facts.path.own.kept_state import KeptState, placed
from doctor.formats.netlink.routes import PERMANENT


@check(
    severity=Severity.WARNING,
    detail=NeighbourFixed,
    breaks=("egress", "port"),
    ok="no gateway's MAC address is fixed to another one than at the last healthy scan",
)
def next_hop_fixed(namespaces: NetNamespaces, record: HealthyNetwork | Missing) -> Iterator[Finding]:
    """The neighbour entry of a gateway is fixed to a MAC address that it did not have, so packets to the outside may reach nobody.

    What it looks at:
        The neighbour entries of the gateways of default routes: those of the state PERMANENT with another MAC address than the
        gateway had at the last healthy scan.

    Why it matters:
        The kernel does not ask for the address of a fixed entry. If the gateway's hardware has changed, or the entry is wrong,
        everything that is sent to the gateway is lost, and nothing on the host shows it.

    How it is fixed:
        ``--choose`` asks: the entry may be deleted, then the kernel asks the network for the MAC address, or it stays.

    References:
        https://man7.org/linux/man-pages/man8/ip-neighbour.8.html
    """
    state = KeptState(namespaces.host, record)
    seen: set[tuple[str, str]] = set()
    for route in placed(namespaces.host):
        link = namespaces.host.named(route.device)
        before = state.neighbour(route.device, route.route.gateway)
        key = (route.device, route.route.gateway)
        if not route.is_default or link is None or before is None or key in seen:
            continue
        seen.add(key)
        for entry in namespaces.host.neighbours:
            is_it = (entry.link, entry.address) == (link.index, route.route.gateway) and entry.state & PERMANENT
            if is_it and entry.mac != before.mac:
                yield Finding(
                    subject=Subject("neighbour", f"{entry.address} dev {route.device}"),
                    message=(
                        f"the neighbour entry of the gateway {entry.address} on {route.device} is fixed to {entry.mac}, but the gateway"
                        f" had {before.mac}: packets of containers to the outside may reach nobody"
                    ),
                    evidence=(
                        Evidence("ip neigh", f"{entry.address} dev {route.device} lladdr {entry.mac} PERMANENT"),
                        Evidence(state.place, f"{entry.address} dev {route.device} lladdr {before.mac}"),
                    ),
                    detail=NeighbourFixed(device=route.device, entry=entry, mac=before.mac),
                )
