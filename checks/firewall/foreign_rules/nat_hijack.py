"""A foreign nat rule takes a published port."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import Hijack, TrafficCuts


@check(severity=Severity.WARNING, detail=Hijack, breaks=("port",), ok="no foreign nat rule takes a published port")
def nat_hijack(cuts: TrafficCuts) -> Iterator[Finding]:
    """A foreign rule in nat PREROUTING sends the packets of a published port elsewhere.

    What it looks at:
        A packet to each published port is walked through nat PREROUTING as iptables-save prints it. A finding is a rule
        above the engine's that surely translates, redirects or accepts it.

    Why it matters:
        Clients outside reach something else than the container, or nothing, while the port answers on the host itself.

    How it is fixed:
        Not by doctor: a service mesh, a VPN or an administrator may own the rule. Publish the container on another port, or
        take the rule out where it is made.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for hijack in cuts.hijacks:
        yield Finding(
            subject=Subject("port", f"{hijack.container} {hijack.port}"),
            message=f"clients of {hijack.container!r} on {hijack.port} are sent elsewhere by a foreign nat rule: {hijack.rule}",
            evidence=(Evidence("iptables-save", hijack.rule),),
            detail=hijack,
        )
