"""A rule of routing that every network namespace has is missing in a running container."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import RoutingAdded
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import RoutingRule
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.formats.netlink.routes import LOCAL, MAIN

_CAUSES = ("no-route", "no-default-route", "rule-of-routing", "wrong-route", "no-listener")
_KERNELS = ((0, LOCAL, "local"), (32766, MAIN, "main"))
"""Priority, table and name of the rules that the kernel sets in each new namespace."""


@check(
    severity=Severity.ERROR,
    detail=RoutingAdded,
    breaks=("egress", "port", "dns"),
    ok="no running container lacks a rule of routing of the kernel",
)
def container_routing_rule_missing(ends: OpenCuts, endpoints: PathEndpoints) -> Iterator[Finding]:
    """The rule of routing for the table main or local is gone in a container's namespace, so no route of the table is used.

    What it looks at:
        The rules "lookup local" and "lookup main" without a condition, which the kernel sets in each namespace, if packets of the
        container end there because of routes. Containers whose programs may change the network (NET_ADMIN) and runtimes other than
        runc are left out.

    Why it matters:
        The routes of the container are all there, and none of them is found: it reaches nothing.

    How it is fixed:
        The rule is added with the priority that the kernel gives it. The container does not restart.

    References:
        https://man7.org/linux/man-pages/man8/ip-rule.8.html
    """
    seen: set[int] = set()
    for one in endpoints.made:
        space = one.namespace
        if space.inode in seen or "rules" in space.cut:
            continue
        seen.add(space.inode)
        cuts = [cut for cut in ends.of(*_CAUSES) if cut.place == one.name and not cut.chain]
        for rule, word in _missing(one):
            mine = [cut for cut in cuts if any(way.version == rule.version for way in cut.ways)]
            if mine:
                yield _finding(one, rule, word, mine)


def _missing(one: PathEndpoint) -> Iterator[tuple[RoutingRule, str]]:
    """Yield the kernel's rules that a namespace with rules lacks."""
    for version in (4, 6):
        rules = [rule for rule in one.namespace.rules if rule.version == version]
        for priority, table, word in _KERNELS:
            if rules and not any(rule.is_plain and rule.table == table for rule in rules):
                yield RoutingRule(version=version, priority=priority, table=table), word


def _finding(one: PathEndpoint, rule: RoutingRule, word: str, cuts: list[PathCut]) -> Finding:
    family = "" if rule.version == 4 else "IPv6 "
    return Finding(
        subject=Subject("rule", f"{rule.text} in container {one.name}"),
        message=f"container {one.name} lacks the {family}rule of routing for table {word}: {cuts[0].says}",
        evidence=(Evidence(f"{rule.command} in {one.name}", f"no {rule.text}"), *evidence_of(cuts)),
        detail=RoutingAdded(place=one.place, kind="rule", text=rule.text, request=rule.request()),
    )
