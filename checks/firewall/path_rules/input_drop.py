"""The host's own firewall ends packets between the host and its containers."""

from collections.abc import Iterator

from doctor.api import Finding, Missing, Severity, Subject, check
from doctor.facts.firewall.ends.rule_words import evidence_of, message_of
from doctor.facts.firewall.rule_cuts import HOST_HOOKS, RuleCut, RuleCuts
from doctor.facts.network.rule_files import RuleFiles
from doctor.facts.path.paths import OpenCuts

_FAMILIES = frozenset({"ip", "ip6", "inet"})


@check(
    severity=Severity.WARNING,
    detail=RuleCut,
    ok="the host's own firewall ends no packets between the host and its containers",
)
def input_drop(cuts: RuleCuts, left: OpenCuts, files: RuleFiles | Missing) -> Iterator[Finding]:
    """A rule or policy at INPUT or OUTPUT drops packets between the host and containers, or to published ports of the host itself.

    What it looks at:
        The ways from containers to the host and back, and from the host to published ports (also through its loopback address), are
        walked through all tables. A finding is a rule or a policy at the hooks input and output that certainly drops packets.

    Why it matters:
        Programs on the host and containers that use the host's address reach a published port through docker-proxy, which is a
        program of the host: a firewall that lets nothing in stops these connections, while clients from outside are served. Often
        it is intended that containers reach no services of the host: then it is only noted.

    How it is fixed:
        Doctor asks: ``pass`` accepts, in front of that rule, connections to published ports from the loopback interface and from
        the engine's bridges, and nothing else; ``delete`` removes the rule, and an undo adds it again at its place.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for item in cuts.among(left):
        if item.place.family in _FAMILIES and item.hook in HOST_HOOKS:
            yield Finding(
                subject=Subject("rule", item.place.subject),
                message=message_of(item),
                severity=_severity(item),
                evidence=evidence_of(item, files),
                detail=item,
            )


def _severity(item: RuleCut) -> Severity | None:
    if item.drops_questions:
        return Severity.ERROR
    return None if _is_broken(item) else Severity.INFO


def _is_broken(item: RuleCut) -> bool:
    """Whether a published port dies, or the engine's own name server. A host that lets nothing in closes itself on purpose."""
    if item.is_only_icmp:
        return False
    return (
        item.drops_questions
        or item.ends_own_ports
        or "dns" in item.cut.kinds
        or (not item.place.is_policy and "hairpin" in item.cut.kinds)
    )
