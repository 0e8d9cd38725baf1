"""The policy of FORWARD is ACCEPT."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.network_record import KeptNetworkRecord
from doctor.facts.config.engine import EngineConfig
from doctor.facts.firewall.forward_policy import was_closed
from doctor.facts.firewall.rules import EngineRules, OpenPolicy
from doctor.facts.kernel.sysctl import SysctlFiles


@check(
    severity=Severity.INFO,
    security=True,
    detail=OpenPolicy | None,
    causes=("firewall/rules-flushed",),
    ok="traffic to unpublished ports is not forwarded",
)
def forward_policy_accept(
    rules: EngineRules,
    record: KeptNetworkRecord | Missing,
    files: SysctlFiles | Missing,
    engine: EngineConfig,
) -> Iterator[Finding]:
    """The policy of FORWARD is ACCEPT: the host forwards for everyone, and up to engine 27 to unpublished ports too.

    What it looks at:
        The policy of the filter table's FORWARD chain. The policy was DROP if the last healthy scan recorded that. It was also
        DROP if the table was flushed and no sysctl file turns forwarding on: then dockerd turned it on and set the policy with
        it. In both cases ACCEPT is an error. Otherwise it may be intended, and is only noted for engines older than 28, which
        don't close unpublished ports themselves.

    Why it matters:
        A machine on the same network segment reaches the networks behind this host, and up to engine 27 every port of every
        container. dockerd sets the policy to DROP only if it turned forwarding on itself, at its start. A firewall that is
        flushed with nft starts again with ACCEPT, and dockerd does not notice.

    How it is fixed:
        If the policy was DROP, it is set to DROP. Otherwise doctor does not change it: other services of a forwarding host may
        need ACCEPT.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#docker-on-a-router
    """
    for family in rules.families:
        if family.has_no_network:
            # The engine closes a family only with its first network.
            continue
        if family.saved.policy("filter", "FORWARD") != "ACCEPT" or (rules.is_idle and not rules.has_chains):
            continue
        why = was_closed(family, rules, record, files, engine)
        source = " ".join(family.saved.save)
        if why is not None:
            yield Finding(
                subject=Subject("firewall", f"{family.word} FORWARD"),
                message="the policy of FORWARD changed from DROP to ACCEPT: this host forwards packets for anyone who routes through it",
                severity=Severity.ERROR,
                evidence=(Evidence(source, ":FORWARD ACCEPT"), why),
                detail=OpenPolicy(version=family.version),
            )
        elif family.passes_by_default and not family.lost:
            yield Finding(
                subject=Subject("firewall", f"{family.word} FORWARD"),
                message="the policy of FORWARD is ACCEPT: neighbours that route through this host reach unpublished ports of"
                " containers",
                evidence=(Evidence(source, ":FORWARD ACCEPT"),),
            )
