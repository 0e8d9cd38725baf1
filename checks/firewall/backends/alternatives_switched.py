"""The iptables command uses another backend than Docker's rules."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.backends import is_switched
from doctor.facts.firewall.details import Switched
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules


@check(severity=Severity.ERROR, detail=Switched, ok="the iptables command uses the backend with Docker's rules")
def alternatives_switched(firewall: Firewall, rules: EngineRules) -> Iterator[Finding]:
    """The iptables command uses another backend than Docker's rules, so containers with published ports fail to start.

    What it looks at:
        The program to which the command ``iptables`` points, and the backend with Docker's chains, in the output of
        iptables-nft-save and iptables-legacy-save.

    Why it matters:
        Running containers keep their traffic. But dockerd now writes into a rule set without its chains: each container with a
        published port fails to start with "No chain/target/match by that name", and a removed container leaves its rules
        behind.

    How it is fixed:
        The alternative is set back to the backend with the rules; no rule changes. To change the backend on purpose, first stop
        docker and flush the old one.

    References:
        https://wiki.debian.org/nftables#Reverting_to_legacy_xtables
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    if is_switched(firewall, rules):
        yield Finding(
            subject=Subject("command", "iptables"),
            message=f"iptables writes to {firewall.backend}, but Docker's rules are in {firewall.other_name}: new published ports"
            " fail",
            evidence=(
                Evidence(firewall.path, firewall.target),
                Evidence(rules.backend, "has the chain DOCKER"),
            ),
            detail=Switched(wanted=firewall.other_name, alternative=firewall.alternative),
        )
