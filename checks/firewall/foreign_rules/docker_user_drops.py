"""An administrator's rule in DOCKER-USER blocks containers' packets."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.firewall.cuts import USER, Cut, TrafficCuts
from doctor.facts.network.networks import Network, Networks
from doctor.model.text import in_words, named

_SENDERS = (" -s ", " --src-range ", " --match-set ", " --mac-source ", " --source-country ")
_LOST = {"egress": "outgoing packets", "reply": "answers to containers", "port": "packets to published ports"}


@check(
    severity=Severity.WARNING,
    detail=Cut,
    breaks=("egress", "port", "dns"),
    ends=("rule",),
    ok="DOCKER-USER accepts containers' packets",
)
def docker_user_drops(cuts: TrafficCuts, networks: Networks | Missing) -> Iterator[Finding]:
    """A rule in DOCKER-USER blocks packets of a network, which may be intended.

    What it looks at:
        Ordinary packets are followed through the filter table in the output of iptables-save. A finding is a rule reached from
        DOCKER-USER that certainly drops or rejects them. If it names traffic (an interface, sources, a port) and blocks only
        incoming packets, it is a policy and only noted, like the examples in Docker's documentation. If no running container reaches anything
        outside, it is an error.

    Why it matters:
        The chain is evaluated before Docker's rules, so containers lose the named traffic although Docker's rules are complete.
        A rule without an interface (-i) matches both directions, which is rarely intended.

    How it is fixed:
        Rules in DOCKER-USER are an administrator's policy: doctor asks whether to remove one, and an undo adds it again. To close published ports but keep
        containers' own connections, first accept established connections, and name the outside interface in the rule.

    References:
        https://docs.docker.com/engine/network/firewall-iptables/
    """
    used = set() if isinstance(networks, Missing) else {one.name for one in networks.bridges if _is_used(networks, one)}
    for cut in cuts.at(USER):
        lost = in_words(_LOST[word] for word in cut.traffic)
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            severity=_severity(cut, used),
            message=f"an administrator's rule in DOCKER-USER blocks {lost} ({named('network', cut.networks)}): {cut.rule}",
            evidence=(Evidence("iptables-save", cut.rule), Evidence("decided by", cut.decided)),
            detail=cut,
        )


def _severity(cut: Cut, used: set[str]) -> Severity | None:
    # A rule that lets some addresses in is a policy, although answers to containers need one more rule, see "How it is fixed".
    names_senders = cut.rule != cut.decided or any(word in cut.rule for word in _SENDERS)
    is_whole = "egress" in cut.traffic or (cut.breaks_everything and not names_senders)
    if is_whole and used and used <= set(cut.networks):
        return Severity.ERROR
    return Severity.INFO if cut.is_wish and "egress" not in cut.traffic else None


def _is_used(networks: Networks, network: Network) -> bool:
    """Whether a container that should reach the network outside runs on it."""
    return not network.internal and any(one.network_id == network.id for one in networks.running)
