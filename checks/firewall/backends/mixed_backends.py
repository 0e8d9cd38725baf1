"""Both backends of iptables hold rules."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.backends import OtherBackend, other_backend
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.networks import Networks


@check(
    severity=Severity.WARNING,
    detail=OtherBackend,
    breaks=("egress", "port", "dns"),
    ok="one backend of iptables holds all rules",
)
def mixed_backends(firewall: Firewall, rules: EngineRules, networks: Networks) -> Iterator[Finding]:
    """Rules stand in both backends of iptables, legacy and nft; every packet passes both, and most tools show one.

    What it looks at:
        What iptables-nft-save and iptables-legacy-save print, the second only where the kernel has such tables. Empty tables
        with the policy ACCEPT, which a mere listing makes, are no finding. For each network a container's packet and an answer
        to it are walked through the rules of the backend that Docker does not use.

    Why it matters:
        A drop in the forgotten backend cuts containers off while the rules that everybody looks at are right. Docker's own
        leftovers there send ports to containers that are gone.

    How it is fixed:
        Docker's own rules are taken out of the backend that it does not use, and its FORWARD policy of DROP is set to ACCEPT.
        Such a policy that stands there alone may be somebody's hardening, and lifting it opens the host's forwarding: that
        counts as disruptive. If the backend holds rules of others, nothing is done: they belong to somebody.

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
            f"rules in the {other.name} backend, which Docker does not use, end packets of containers"
            f" (network {other.network}): {what}"
        )
    if other.engine_rules:
        count = sum(len(texts) for texts in other.engine_rules.values())
        return f"{count} old rules of Docker are left in the {other.name} backend, where it no longer changes them"
    return f"the {other.name} backend, which Docker does not use, holds {other.foreign} rules too; most tools show one backend"


def _evidence(other: OtherBackend) -> Iterator[Evidence]:
    source = other.saved.save[0]
    yield Evidence(source, f":FORWARD {other.saved.policy('filter', 'FORWARD')}")
    for texts in list(other.engine_rules.values())[:3]:
        yield Evidence(source, texts[0])
    if other.foreign:
        yield Evidence(source, f"{other.foreign} rules of others")
