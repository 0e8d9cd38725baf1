"""A rule of routing that the host's files set, or that the last healthy scan saw, is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import RulesLost
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.lost_rules import LostRule, explains, lost_rules
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.facts.path.way import HOST

_CAUSES = ("no-route", "no-default-route", "rule-of-routing", "blackhole-route", "unreachable-route", "prohibit-route")


@check(
    severity=Severity.ERROR,
    detail=RulesLost,
    breaks=("egress", "dns"),
    ok="no rule of routing of the host's files is missing on the ways of containers",
)
def rule_of_routing_lost(
    ends: OpenCuts,
    namespaces: NetNamespaces,
    record: HealthyNetwork | Missing,
    files: HostNetworkFiles | Missing,
) -> Iterator[Finding]:
    """A rule of routing is gone that leads packets of containers to a table which has a route for them.

    What it looks at:
        Rules that files of netplan, systemd-networkd, NetworkManager, ifupdown, ifcfg or cloud-init set with a priority, and those
        that the last healthy scan saw, of tables other than main and local. It is reported where packets of containers end on
        the host because of routes, the rule is about these packets, and its table has a route for them.

    Why it matters:
        "ip route show table all" shows the route, but no packet finds it: a network manager that was restarted, or a VPN that
        ended, took the rule with it.

    How it is fixed:
        The rule is added with its priority, at once and under running containers.

    References:
        https://man7.org/linux/man-pages/man8/ip-rule.8.html
    """
    cuts = [cut for cut in ends.of(*_CAUSES) if cut.place == HOST]
    if not cuts:
        return
    for lost in lost_rules(KeptState(namespaces.host, record), files):
        mine = [cut for cut in cuts if explains(lost.rule, cut, namespaces)]
        if mine:
            yield _finding(lost, mine)


def _finding(lost: LostRule, mine: list[PathCut]) -> Finding:
    rule = lost.rule
    return Finding(
        subject=Subject("rule", rule.text),
        message=f"the rule of routing '{rule.text}' of {lost.place} is missing: {mine[0].says}",
        evidence=(
            Evidence(rule.command, f"no {rule.text}"),
            Evidence(lost.place, rule.text),
            *evidence_of(mine),
        ),
        detail=RulesLost(rules=(rule,)),
    )
