"""A rule of someone else ends containers' packets before Docker's rules are asked."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import FIRST, Cut, Lift, TrafficCuts, wish_severity
from doctor.facts.firewall.rules import EngineRules

_LOST = {"egress": "what containers send out", "reply": "the answers they get", "port": "what comes to published ports"}


@check(
    severity=Severity.CRITICAL,
    detail=Lift,
    breaks=("egress", "port", "dns"),
    ok="no foreign rule ends packets before the engine's rules are asked",
)
def foreign_reject_first(cuts: TrafficCuts, rules: EngineRules) -> Iterator[Finding]:
    """A rule that is not Docker's drops or rejects containers' packets, and Docker's own rules can't let them through.

    What it looks at:
        Ordinary packets (a container's, an answer's, one to a published port) are walked through the filter table as
        iptables-save prints it. A finding is a rule that surely ends them above the first rule of the engine; rules that
        ask for more (a set, a mark, one address) are passed over. Chains of ufw and firewalld count like any other. So do
        the tables raw and mangle, which are asked apart from filter. A rule that names traffic (an interface, sources, a
        port, a comment), or that ends only what comes in, looks meant: it is a remark, and a warning where containers get
        no answers from outside.

    Why it matters:
        "No route to host" (icmp-host-prohibited), "Connection refused" (icmp-port-unreachable) or a timeout for everything
        that containers do outside this host. It happens when a firewall is reloaded after dockerd has started: its final
        REJECT lands above Docker's rules.

    How it is fixed:
        Docker's rules are moved above the foreign rule, in one transaction. The foreign rule stays as it is: below Docker's
        rules it harms nothing. Whatever put it there will do so again at its next reload: start it before docker. A rule that
        looks meant is left in force unless a person chooses otherwise. A rule in raw or mangle ends packets wherever it
        stands: it is for its owner to take out.

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
                *(Evidence("stands below it", text) for text in cut.lift[:3]),
            ),
            detail=Lift.of(cut),
        )


def _message(cut: Cut) -> str:
    who = "ufw" if " ufw-" in cut.rule or " ufw-" in cut.decided else "a foreign rule"
    verb = "drops" if cut.target == "DROP" else "rejects"
    lost = " and ".join(_LOST[word] for word in cut.traffic)
    networks = ", ".join(cut.networks)
    if cut.table != "filter":
        where = f"{cut.table} {cut.chain}"
        return f"{who} in {where} {verb} {lost}, whatever Docker's rules accept (network {networks}): {cut.rule}"
    return f"{who} in FORWARD {verb} {lost} before Docker's rules are asked (network {networks}): {cut.rule}"
