"""The policy of FORWARD is ACCEPT."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.backup.network_record import KeptNetworkRecord
from doctor.facts.config.engine import EngineConfig
from doctor.facts.firewall.rules import EngineRules, FamilyRules, OpenPolicy
from doctor.facts.kernel.sysctl import SysctlFiles

_KEYS = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}


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
        why = _was_closed(family, rules, record, files, engine)
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


def _was_closed(
    family: FamilyRules,
    rules: EngineRules,
    record: KeptNetworkRecord | Missing,
    files: SysctlFiles | Missing,
    engine: EngineConfig,
) -> Evidence | None:
    """Return the evidence that the policy was DROP; ``None`` without any."""
    known = None if isinstance(record, Missing) else record.families.get(family.version)
    if known is not None and not isinstance(record, Missing):
        return Evidence(f"{record.path} {record.age}", "FORWARD DROP") if known.policy == "DROP" else None
    if not family.is_table_gone or engine.get("ip-forward", True) is False or engine.get("ip-forward-no-drop") is True:
        return None
    if family.version == 6 and rules.closes_ipv6:
        return Evidence(docker.PROCESS, "engines up to 27 always set the IPv6 policy to DROP")
    if isinstance(files, Missing):
        return None
    key = _KEYS[family.version]
    setter = files.last_setter(key)
    if setter is not None and setter.value != "0":
        return None
    return Evidence(f"{key} in sysctl files", "not turned on: dockerd did that at its start and set FORWARD to DROP")
