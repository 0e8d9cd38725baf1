"""Packets of containers end at a rule of routing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.path.namespace import RoutingRule
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.culprits import DETOUR
from doctor.facts.path.own.details import RuleAdded
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.shown_cut import evidence_of, set_by
from doctor.facts.path.own.skipping import deciding_rules
from doctor.facts.path.paths import OpenCuts, PathCut


@check(
    severity=Severity.ERROR,
    detail=RuleAdded,
    breaks=("egress", "port", "dns"),
    ok="no rule of routing ends or diverts packets of containers",
)
def rule_of_routing_ends(
    ends: OpenCuts, namespaces: NetNamespaces, record: HealthyNetwork | Missing, files: HostNetworkFiles | Missing
) -> Iterator[Finding]:
    """A rule of routing (``ip rule``) discards packets of containers, or leads them nowhere or elsewhere.

    What it looks at:
        The ways of the packets of all running containers, and of a new one, as the kernel routes them: to the outside, to name
        servers and other containers, to published ports, and the answers back. The files of the host that set rules at boot.

    Why it matters:
        Rules of routing come before all routes: "ip route" shows nothing wrong. VPN clients, network managers and scripts of
        several uplinks add them, and often forget the addresses of containers.

    How it is fixed:
        If the rule was not there at the last healthy scan, ``--choose`` asks whether it is deleted; an undo adds it again. A line of
        /etc/network/interfaces that adds it becomes a comment. Otherwise the command is shown: somebody may need the rule.

    References:
        https://man7.org/linux/man-pages/man8/ip-rule.8.html
    """
    state = KeptState(namespaces.host, record)
    found: dict[RoutingRule, list[PathCut]] = {}
    containers = tuple(namespaces.containers.values())
    for cut in ends.cuts:
        for rule in deciding_rules(namespaces.host, cut, containers):
            found.setdefault(rule, []).append(cut)
            if cut.cause == DETOUR:
                # Packets of the host itself that the same table leads leave by the same interface.
                found[rule] += [one for one in ends.of("wrong-way") if one.device in {cut.device, ""}]
    for rule, cuts in found.items():
        first = next((cut for cut in cuts if not cut.is_answer), cuts[0])
        is_new = state.is_new(rule)
        known = () if state.kept is None else (Evidence(state.place, "no such rule" if is_new else "the same rule"),)
        source = None if isinstance(files, Missing) else files.source_of_rule(rule)
        place = "" if source is None else source.place
        yield Finding(
            subject=Subject("rule", rule.text),
            message=_message(rule, first),
            evidence=(
                Evidence(rule.command, rule.text),
                *known,
                *set_by(place),
                *evidence_of((first, *cuts)),
            ),
            detail=RuleAdded(rule=rule, is_new=is_new, source=place),
        )


def _message(rule: RoutingRule, cut: PathCut) -> str:
    """Return the cut's sentence, with the rule if only its table is named, or a rule after it."""
    if rule.action == "goto":
        begin = f"{cut.says.removesuffix(cut.reason)}{rule.command} {rule.priority}, which skips the rules before {rule.target}"
        return f"{begin}: {cut.reason.removeprefix('the routing: ')}"
    if cut.reason.startswith(rule.command):
        return cut.says
    return f"{cut.says.removesuffix(cut.reason)}{rule.command} {rule.priority}: {cut.reason}"
