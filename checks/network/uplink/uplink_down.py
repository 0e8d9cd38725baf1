"""The host's uplink is down."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import UplinkLost
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.uplinks import lost_uplinks, routes_over


@check(
    severity=Severity.ERROR,
    detail=UplinkLost,
    breaks=("egress", "port"),
    ends=("link-down",),
    ends_anywhere=("no-default-route",),
    ok="no interface that led to the outside at the last healthy scan is down",
)
def uplink_down(namespaces: NetNamespaces, record: HealthyNetwork | Missing) -> Iterator[Finding]:
    """The interface that led to the outside is down, so containers reach nothing outside and nobody reaches their ports.

    What it looks at:
        The interfaces of the default routes that the last healthy scan saw, if these routes are gone and no other interface with
        a default route replaces them. A laptop that moved from one network to another has another one.

    Why it matters:
        An interface that is down sends and receives nothing, and the kernel removes all routes over it, and its IPv6 addresses.

    How it is fixed:
        It is set up, and its IPv6 addresses and routes of the last healthy scan are added. That connects the host to its network, so it is not
        done without ``--allow disruptive``: somebody may have taken the host off the network on purpose.

    References:
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    state = KeptState(namespaces.host, record)
    for link in lost_uplinks(state):
        before = state.link(link.name)
        if link.is_up or before is None or not before.is_up:
            continue
        routes = routes_over(state, link.name)
        six = tuple(
            one
            for one, name in state.lost_addresses()
            if name == link.name and one.version == 6 and one.scope == "global" and not one.is_leased
        )
        yield Finding(
            subject=Subject("interface", link.name),
            message=f"the uplink {link.name} is down: packets of containers to the outside end there",
            evidence=(
                Evidence("ip link", f"{link.name}: down"),
                *(Evidence(state.place, route.text) for route in routes[:4]),
            ),
            detail=UplinkLost(device=link.name, is_down=True, addresses=six, routes=routes),
        )
