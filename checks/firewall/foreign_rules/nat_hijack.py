"""A foreign nat rule redirects a published port."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import Hijack, TrafficCuts


@check(
    severity=Severity.WARNING,
    detail=Hijack,
    breaks=("port",),
    ends=("rule", "taken", "wrong-way", "proxy-missing"),
    ok="no foreign nat rule redirects a published port",
)
def nat_hijack(cuts: TrafficCuts) -> Iterator[Finding]:
    """A foreign rule in nat PREROUTING redirects the packets of a published port, so clients don't reach the container.

    What it looks at:
        A packet to each published port is followed through nat PREROUTING in the output of iptables-save. A finding is a rule
        above the engine's that certainly translates, redirects or accepts it.

    Why it matters:
        Clients outside reach another service, or nothing, while the port answers on the host itself.

    How it is fixed:
        Doctor does not change it: the rule may belong to a service mesh, a VPN or an administrator. Publish the container on
        another port, or remove the rule where it is created.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for hijack in cuts.hijacks:
        yield Finding(
            subject=Subject("port", f"{hijack.container} {hijack.port}"),
            message=f"a foreign nat rule redirects clients of container {hijack.container} on {hijack.port} elsewhere: {hijack.rule}",
            evidence=(Evidence("iptables-save", hijack.rule),),
            detail=hijack,
        )
