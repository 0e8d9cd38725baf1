"""The iptables command writes where Docker's rules are not."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.backends import is_switched
from doctor.facts.firewall.details import Switched
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR, detail=Switched, ok="the iptables command writes to the backend that holds Docker's rules"
)
def alternatives_switched(firewall: Firewall, rules: EngineRules) -> Iterator[Finding]:
    """The iptables command was switched between nft and legacy while dockerd had its rules in the other one.

    What it looks at:
        Which program the command ``iptables`` leads to, and which backend holds Docker's chains, as iptables-nft-save and
        iptables-legacy-save print them.

    Why it matters:
        Traffic of running containers goes on. But dockerd now writes into a rule set without its chains: every container with
        a published port fails to start with "No chain/target/match by that name", and a removed one leaves its rules behind.

    How it is fixed:
        The alternative is set back to the backend that holds the rules; no rule changes. To change the backend on purpose,
        stop docker and flush the old one first.

    References:
        https://wiki.debian.org/nftables#Reverting_to_legacy_xtables
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    if is_switched(firewall, rules):
        yield Finding(
            subject=Subject("command", "iptables"),
            message=f"new published ports fail: iptables writes to {firewall.backend}, and Docker's rules are in"
            f" {firewall.other_name}",
            evidence=(
                Evidence(firewall.path, firewall.target),
                Evidence(rules.backend, "holds the chain DOCKER"),
            ),
            detail=Switched(wanted=firewall.other_name, alternative=firewall.alternative),
        )
