"""A rule inside a container's network namespace drops packets."""

from collections.abc import Iterator

from doctor.api import Finding, Missing, Severity, check
from doctor.facts.containers.containers import Containers
from doctor.facts.firewall.rule_cuts import RuleCuts
from doctor.facts.path.details import InsideRule, PathEnd
from doctor.facts.path.paths import OpenCuts
from doctor.facts.path.way import HOST


@check(
    severity=Severity.ERROR,
    detail=InsideRule,
    breaks=("egress", "port", "dns"),
    ok="no rule inside a container's network drops what the container needs",
)
def container_rule_drops(cuts: OpenCuts, containers: Containers, rules: RuleCuts | Missing) -> Iterator[Finding]:
    """A rule of iptables or nftables in a container's network namespace drops its packets or the answers, or leads them nowhere.

    What it looks at:
        The ways of each running container, through the rules in its own namespace: those that the engine writes for its name
        server, and all others, in both backends and families. Containers whose programs may change their network (NET_ADMIN)
        have a warning only: a VPN client or a proxy may want it so.

    Why it matters:
        No rule of the host shows it, and the programs of the container see time-outs. Without NET_ADMIN nobody inside can
        have added the rule: it was somebody on the host.

    How it is fixed:
        ``--choose`` asks whether it is deleted; the container does not restart. An undo adds the rule again at its place. Rules of a
        container end with it.

    References:
        https://man7.org/linux/man-pages/man1/nsenter.1.html
    """
    wanted = {one.title for one in containers.items if one.host is not None and one.host.may_set_network}
    known = () if isinstance(rules, Missing) else rules.inside
    for cut in cuts.of("rule", "no-listener"):
        if cut.place == HOST or not cut.chain:
            continue
        yield Finding(
            subject=cut.subject,
            message=f"{cut.says} inside container {cut.place}",
            severity=Severity.WARNING if cut.place in wanted else None,
            evidence=cut.evidence[1:],
            detail=InsideRule(
                end=PathEnd(place=cut.place, table=cut.table, chain=cut.chain, rule=cut.rule, handle=cut.handle),
                item=next((one for one in known if one.cut == cut), None),
            ),
        )
