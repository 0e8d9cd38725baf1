"""A rule of routing that every host has is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.path.namespace import RoutingRule
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import RulesLost
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.paths import OpenCuts
from doctor.facts.path.way import HOST
from doctor.formats.netlink.routes import LOCAL, MAIN

_CAUSES = (
    "no-route",
    "no-default-route",
    "rule-of-routing",
    "wrong-route",
    "wrong-way",
    "local-address",
    "proxy-missing",
)
_WORDS = {MAIN: "main", LOCAL: "local"}


@check(
    severity=Severity.ERROR,
    detail=RulesLost,
    breaks=("egress", "port", "dns"),
    ok="no rule of routing is missing on the ways of containers",
)
def rule_of_routing_missing(
    ends: OpenCuts, namespaces: NetNamespaces, record: HealthyNetwork | Missing
) -> Iterator[Finding]:
    """The rule of routing for the table main or local is gone, so the kernel does not look where its routes are.

    What it looks at:
        The rules that the kernel itself sets up, "lookup local" and "lookup main" without a condition, if the last healthy scan saw
        them, none without a condition is left, and packets of containers end on the host because of routes.

    Why it matters:
        "ip route" shows all routes, but packets find none of them. Scripts for several uplinks replace these rules by others with a
        condition, which forget the addresses of containers.

    How it is fixed:
        The rule is added with its former priority. Rules that come before it stay, and still decide first.

    References:
        https://man7.org/linux/man-pages/man8/ip-rule.8.html
    """
    state = KeptState(namespaces.host, record)
    lost = [one for one in state.lost_rules() if one.table in _WORDS and one.is_plain and not _has(namespaces, one)]
    cuts = [cut for cut in ends.of(*_CAUSES) if cut.place == HOST] if lost else []
    for rule in lost:
        mine = [cut for cut in cuts if any(way.version == rule.version for way in cut.ways)]
        if not mine:
            continue
        family = "" if rule.version == 4 else "IPv6 "
        yield Finding(
            subject=Subject("rule", rule.text),
            message=(f"the {family}rule of routing for table {_WORDS[rule.table]} is missing: {mine[0].says}"),
            evidence=(
                Evidence(rule.command, f"no {rule.text}"),
                Evidence(state.place, rule.text),
                *evidence_of(mine),
            ),
            detail=RulesLost(rules=(rule,)),
        )


def _has(namespaces: NetNamespaces, rule: RoutingRule) -> bool:
    return any(
        one.table == rule.table and one.version == rule.version and one.is_plain for one in namespaces.host.rules
    )
