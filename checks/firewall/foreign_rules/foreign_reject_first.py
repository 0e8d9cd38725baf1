"""A foreign rule blocks containers' packets before Docker's rules are evaluated."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.firewall.cuts import FIRST, Cut, Lift, TrafficCuts, wish_severity
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.rule_files import RuleFiles, loaded_again
from doctor.model.text import in_words, named

_LOST = {"egress": "outgoing packets", "reply": "answers to containers", "port": "packets to published ports"}


@check(
    severity=Severity.CRITICAL,
    detail=Lift,
    breaks=("egress", "port", "dns"),
    ends=("rule",),
    ok="no foreign rule blocks packets before the engine's rules are evaluated",
)
def foreign_reject_first(cuts: TrafficCuts, rules: EngineRules, files: RuleFiles | Missing) -> Iterator[Finding]:
    """A foreign rule drops or rejects containers' packets before Docker's own rules can accept them.

    What it looks at:
        Ordinary packets (from a container, an answer, to a published port) are followed through the filter table in the output
        of iptables-save, and through the tables raw and mangle, which are evaluated separately. A finding is a rule above the
        first rule of the engine that certainly drops or rejects them. Rules with more conditions (a set, a mark, one address)
        are skipped. Chains of ufw and firewalld count like any other. A rule that names traffic (an interface, sources, a port,
        a comment), or that only blocks incoming traffic, looks intended: it is noted, or a warning if containers get no answers
        from outside.

    Why it matters:
        All outside connections of containers fail with "No route to host" (icmp-host-prohibited), "Connection refused"
        (icmp-port-unreachable) or a timeout. It happens if a firewall is reloaded after dockerd started: its final REJECT is
        then above Docker's rules.

    How it is fixed:
        Docker's rules are moved above the foreign rule, in one transaction. The foreign rule is not changed: below Docker's
        rules it does no harm. The program that added it will add it again at its next reload: start it before docker. A rule
        that looks intended stays in force unless the administrator chooses otherwise. A rule in raw or mangle drops packets at
        any place: doctor asks whether to remove it, and an undo adds it again at its place.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for cut in cuts.at(FIRST):
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            message=_message(cut),
            severity=wish_severity(cut),
            evidence=(
                Evidence(" ".join(rules.families[0].saved.save), cut.rule),
                *(Evidence("leads to", cut.decided) for _ in range(cut.decided != cut.rule)),
                *_again(files, cut),
                *(Evidence("below it", text) for text in cut.lift[:3]),
            ),
            detail=Lift.of(cut),
        )


def _again(files: RuleFiles | Missing, cut: Cut) -> tuple[Evidence, ...]:
    """Return the file that loads the deciding rule again, or the jump that leads there."""
    chain = next(iter(cut.decided.split()[1:2]), "")
    return loaded_again(files, "ip", cut.table, chain, cut.decided) or loaded_again(
        files, "ip", cut.table, cut.chain, cut.rule
    )


def _message(cut: Cut) -> str:
    who = "ufw" if " ufw-" in cut.rule or " ufw-" in cut.decided else "a foreign rule"
    verb = "drops" if cut.target == "DROP" else "rejects"
    lost = in_words(_LOST[word] for word in cut.traffic)
    networks = named("network", cut.networks)
    if cut.table != "filter":
        where = f"{cut.table} {cut.chain}"
        return f"{who} in {where} {verb} {lost}, even if Docker's rules accept them ({networks}): {cut.rule}"
    return f"{who} in FORWARD {verb} {lost} before Docker's rules are evaluated ({networks}): {cut.rule}"
