"""The MTU of the host's uplink is too small for containers' packets."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import MtuSmall
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.own.uplinks import own_link
from doctor.facts.path.paths import OpenCuts


@check(
    severity=Severity.ERROR,
    detail=MtuSmall,
    breaks=("egress", "image", "port"),
    ok="no MTU of the host's own interfaces ends packets of containers",
)
def uplink_mtu_small(
    ends: OpenCuts, namespaces: NetNamespaces, networks: Networks, record: HealthyNetwork | Missing
) -> Iterator[Finding]:
    """Packets of containers are larger than the MTU of the host's uplink, and the sender does not learn it.

    What it looks at:
        The MTU of the host's own interfaces on the ways of containers' packets, and whether the ICMP message that names it
        reaches the sender.

    Why it matters:
        Connections open, and hang as soon as there is data to send.

    How it is fixed:
        The MTU of the last healthy scan is set, if it was larger. Otherwise the command is shown.

    References:
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    state = KeptState(namespaces.host, record)
    for cut in ends.of("mtu"):
        link = own_link(namespaces.host, networks, cut)
        if link is None:
            continue
        before = state.link(link.name)
        was = before.mtu if before is not None and before.mtu > link.mtu else 0
        known = (Evidence(state.place, f"MTU {before.mtu}"),) if before is not None else ()
        yield Finding(
            subject=Subject("interface", link.name),
            message=cut.says,
            evidence=(Evidence("ip link", f"{link.name}: MTU {link.mtu}"), *known, *evidence_of((cut,))),
            detail=MtuSmall(device=link.name, mtu=link.mtu, was=was),
        )
