"""A foreign nat rule keeps containers' packets from being masqueraded."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import Lift, TrafficCuts


@check(
    severity=Severity.ERROR,
    detail=Lift,
    breaks=("egress", "dns"),
    ok="nothing ends packets above the engine's masquerading",
)
def nat_postrouting_shadowed(cuts: TrafficCuts) -> Iterator[Finding]:
    """A foreign rule in nat POSTROUTING accepts containers' packets before Docker gives them the host's address.

    What it looks at:
        An outgoing packet of each network is walked through nat POSTROUTING as iptables-save prints it. A finding is an
        ACCEPT or RETURN that surely ends it there above the engine's rule.

    Why it matters:
        The packet leaves with the container's private address, and no answer finds its way back. VPN scripts add such
        rules to exempt their own traffic and match too much.

    How it is fixed:
        Docker's rules are moved above the foreign one, in one transaction; the foreign rule stays.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for cut in cuts.unmasked:
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            message=f"containers of network {', '.join(cut.networks)} get no answer from outside: a foreign rule ends their"
            f" packets above masquerading: {cut.rule}",
            evidence=(
                Evidence("iptables-save", cut.rule),
                *(Evidence("stands below it", text) for text in cut.lift[:3]),
            ),
            detail=Lift(table=cut.table, chain=cut.chain, above=cut.rule, rules=cut.lift),
        )
