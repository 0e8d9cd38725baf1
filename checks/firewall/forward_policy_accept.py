"""Neighbours can reach ports that no container published."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall_rules import EngineRules


@check(severity=Severity.INFO, ok="what nobody published is not forwarded")
def forward_policy_accept(rules: EngineRules) -> Iterator[Finding]:
    """The policy of FORWARD is ACCEPT and this engine closes nothing by itself, so neighbours reach unpublished ports.

    What it looks at:
        The policy of the filter table's FORWARD chain, where the engine is older than 28.

    Why it matters:
        A machine on the same network segment that routes a container's subnet through this host reaches every port of every
        container. dockerd sets the policy to DROP only where it turned forwarding on itself; a host that forwarded before
        keeps ACCEPT, and so does one whose firewall was flushed with nft.

    How it is fixed:
        Not by doctor: other services of a forwarding host may need the policy. Engine 28 and newer drop such packets by rules
        of their own.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#docker-on-a-router
    """
    for family in rules.families:
        if family.passes_by_default and not family.lost:
            yield Finding(
                subject=Subject("firewall", f"{family.word} FORWARD"),
                message="ports that no container published can be reached by neighbours that route to them:"
                " the policy of FORWARD is ACCEPT",
                evidence=(Evidence(" ".join(family.saved.save), ":FORWARD ACCEPT"),),
            )
