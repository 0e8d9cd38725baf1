"""A foreign nat rule bypasses masquerading of containers' packets."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import Lift, TrafficCuts
from doctor.model.text import named


@check(
    severity=Severity.ERROR,
    detail=Lift,
    breaks=("egress", "dns"),
    ok="no foreign rule bypasses the engine's masquerading",
)
def nat_postrouting_shadowed(cuts: TrafficCuts) -> Iterator[Finding]:
    """A foreign rule in nat POSTROUTING lets containers' packets bypass Docker's masquerading.

    What it looks at:
        An outgoing packet of each network is followed through nat POSTROUTING in the output of iptables-save. A finding is an
        ACCEPT or RETURN above the engine's rule that certainly ends it there.

    Why it matters:
        The packet leaves with the container's private address, and no answer reaches the container. VPN scripts add such rules
        to exempt their own traffic, and match too much.

    How it is fixed:
        Docker's rules are moved above the foreign rule, in one transaction; the foreign rule is kept.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for cut in cuts.unmasked:
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            message=f"a foreign rule bypasses the masquerading of {named('network', cut.networks)}, so containers"
            f" get no answers from outside: {cut.rule}",
            evidence=(
                Evidence("iptables-save", cut.rule),
                *(Evidence("below it", text) for text in cut.lift[:3]),
            ),
            detail=Lift(table=cut.table, chain=cut.chain, above=cut.rule, rules=cut.lift),
        )
