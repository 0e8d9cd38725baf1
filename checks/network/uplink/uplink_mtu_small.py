"""The MTU of the host's uplink is too small for containers' packets."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.firewall.rule_cuts import RuleCuts
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import NetLink
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import MtuSmall
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.own.uplinks import own_link
from doctor.facts.path.paths import OpenCuts, PathCut


@check(
    severity=Severity.ERROR,
    detail=MtuSmall,
    breaks=("egress", "port"),
    ok="no MTU of the host's own interfaces ends packets of containers",
)
def uplink_mtu_small(  # noqa: PLR0917 - parameters are the facts it judges
    ends: OpenCuts,
    namespaces: NetNamespaces,
    networks: Networks,
    record: HealthyNetwork | Missing,
    rules: RuleCuts | Missing,
    files: HostNetworkFiles | Missing,
) -> Iterator[Finding]:
    """Packets of containers are larger than the MTU of the host's uplink, and the sender does not learn it.

    What it looks at:
        The MTU of the host's own interfaces on the ways of containers' packets. Where it is smaller than a container's (VPN, cloud,
        VXLAN), the ways are walked once more with packets as large as those that carry data: the ICMP message that names the MTU
        must reach the container, or the packets must get smaller before (TCPMSS, net.ipv4.tcp_mtu_probing in the container).

    Why it matters:
        Connections open, and hang as soon as there is data to send: TLS, uploads, large answers.

    How it is fixed:
        The MTU that the host's files set, or that of the last healthy scan, is set if it is larger. Otherwise ``--choose`` asks: ``pass`` accepts the ICMP message in
        front of the rule that drops it, ``delete`` removes the rule, ``clamp`` lets connections of TCP ask for smaller packets.
        These last until somebody loads the rules again. A smaller MTU of the network itself ("mtu" in daemon.json,
        com.docker.network.driver.mtu) needs new containers.

    References:
        https://datatracker.ietf.org/doc/html/rfc4890#section-4.3.1
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    state = KeptState(namespaces.host, record)
    places: dict[str, list[PathCut]] = {}
    for cut in ends.of("mtu"):
        places.setdefault(cut.device, []).append(cut)
    for cuts in places.values():
        link = own_link(namespaces.host, networks, cuts[0])
        if link is None:
            continue
        found = () if isinstance(rules, Missing) else tuple(item for cut in cuts if (item := rules.of(cut)) is not None)
        sources = tuple(_mtus(state, files, link))
        was = next((mtu for mtu, _ in sources if mtu > link.mtu), 0)
        known = tuple(Evidence(place, f"MTU {mtu}") for mtu, place in sources)
        yield Finding(
            subject=Subject("interface", link.name),
            message=cuts[0].says,
            evidence=(Evidence("ip link", f"{link.name}: MTU {link.mtu}"), *known, *evidence_of(cuts)),
            detail=MtuSmall(
                device=link.name,
                mtu=link.mtu,
                was=was,
                rules=found,
                versions=tuple(sorted({way.version for cut in cuts for way in cut.ways})),
            ),
        )


def _mtus(state: KeptState, files: HostNetworkFiles | Missing, link: NetLink) -> Iterator[tuple[int, str]]:
    """Yield the MTU that a file gives the interface, and the one that it had, with their places."""
    expected = None if isinstance(files, Missing) else files.expected(link.name, link.mac)
    if expected is not None and expected.link.mtu:
        yield expected.link.mtu, expected.link.place
    before = state.link(link.name)
    if before is not None:
        yield before.mtu, state.place
