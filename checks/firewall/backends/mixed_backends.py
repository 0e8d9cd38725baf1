"""Both backends of iptables have rules."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.firewall.backends import OtherBackend, other_backend
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.networks import Networks
from doctor.model.text import plural


@check(
    severity=Severity.WARNING,
    detail=OtherBackend,
    breaks=("egress", "port", "dns"),
    ends=("rule",),
    ok="one backend of iptables has all rules",
    messages=(
        Message(
            pattern=r"failed to create NAT chain DOCKER|Failed to Setup IP tables|Failed to program NAT chain|Unable to enable (?:NAT|SKIP DNAT|ACCEPT)[\w ]*rule|iptables failed: iptables",
            example="Failed to Setup IP tables: Unable to enable SKIP DNAT rule",
            means="the engine can't write its firewall rules",
            do="run the iptables command of the line by hand; restart the engine after a firewall restarted",
            also=(
                "firewall/rules-flushed",
                "firewall/iptables-missing",
                "firewall/alternatives-switched",
                "firewall/variant-unsupported",
                "kernel/module-not-loadable",
            ),
            apart="the end of the line: the message of iptables itself",
        ),
    ),
)
def mixed_backends(firewall: Firewall, rules: EngineRules, networks: Networks) -> Iterator[Finding]:
    """Both backends of iptables, legacy and nft, have rules; each packet passes both, but most tools show only one.

    What it looks at:
        The output of iptables-nft-save and iptables-legacy-save, the second only if the kernel has such tables. Empty tables
        with the policy ACCEPT, which a listing creates, are not reported. For each network a container's packet and its answer
        are followed through the rules of the backend that Docker does not use.

    Why it matters:
        A drop in the unused backend blocks containers while the visible rules are right. Stale rules of Docker in it send ports
        to containers that no longer exist.

    How it is fixed:
        Docker's own rules are removed from the backend that it does not use, and its FORWARD policy DROP is set to ACCEPT. If
        that policy is the only setting there, it may be somebody's hardening, and ACCEPT opens the host's forwarding: that
        change is disruptive. If the backend has rules of others, nothing is changed.

    References:
        https://wiki.nftables.org/wiki-nftables/index.php/Moving_from_iptables_to_nftables
    """
    other = other_backend(firewall, rules, networks)
    if other is None:
        return
    yield Finding(
        subject=Subject("firewall", f"iptables-{other.name}"),
        message=_message(other),
        severity=_severity(other),
        evidence=tuple(_evidence(other)),
        detail=other,
    )


def _severity(other: OtherBackend) -> Severity:
    if other.cut is not None:
        return Severity.CRITICAL
    return Severity.WARNING if other.engine_rules else Severity.INFO


def _message(other: OtherBackend) -> str:
    if other.cut is not None:
        what = other.cut.rule.text if other.cut.rule is not None else "its FORWARD policy DROP"
        return (
            f"rules in the {other.name} backend, which Docker does not use, block packets of containers"
            f" (network {other.network}): {what}"
        )
    if other.engine_rules:
        count = sum(len(texts) for texts in other.engine_rules.values())
        return f"the {other.name} backend, which Docker does not use, has {plural(count, 'stale rule')} of Docker"
    return f"the {other.name} backend, which Docker does not use, has {plural(other.foreign, 'rule')} too; most tools show one backend"


def _evidence(other: OtherBackend) -> Iterator[Evidence]:
    source = other.saved.save[0]
    yield Evidence(source, f":FORWARD {other.saved.policy('filter', 'FORWARD')}")
    for texts in list(other.engine_rules.values())[:3]:
        yield Evidence(source, texts[0])
    if other.foreign:
        yield Evidence(source, f"{plural(other.foreign, 'rule')} of others")
