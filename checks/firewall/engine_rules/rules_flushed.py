"""The engine's firewall rules were flushed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.firewall.expected_rules import ExpectedRule
from doctor.facts.firewall.files import FirewallFiles
from doctor.facts.firewall.flushers import flushers
from doctor.facts.firewall.missing_rules import MissingRules, evidence_of
from doctor.facts.firewall.packet_filter import NFT, Firewall
from doctor.facts.firewall.rules import EngineRules, FamilyRules, LostRules
from doctor.facts.firewall.user_chain import USER_KINDS, was_flushed
from doctor.facts.network.host_files import HostNetworkFiles

_COSTS = {
    "all": "containers reach nothing outside this host, and containers with new published ports fail to start",
    "filter": "containers reach nothing outside this host, and packets to published ports are dropped",
    "nat": "containers get no answers from outside, and published ports are not translated",
}


_ISOLATION = "containers of different networks reach each other, and internal networks are open"


@check(
    severity=Severity.CRITICAL,
    detail=MissingRules | None,
    breaks=("egress", "port", "dns"),
    causes=("firewall/iptables-missing", "firewall/alternatives-switched"),
    ends=("rule",),
    ok="the engine's firewall rules exist",
    messages=(
        Message(
            pattern=r"(?:driver failed programming external connectivity|iptables failed: iptables .*(?:DNAT|DOCKER)).*No chain/target/match by that name|No chain/target/match by that name|Couldn't load target `DOCKER[\w-]*",
            example="driver failed programming external connectivity on endpoint web: (iptables failed: iptables --wait -t nat -A DOCKER -p tcp -d 0/0 --dport 8080 -j DNAT --to-destination 172.17.0.2:80 ! -i docker0: iptables: No chain/target/match by that name.",
            means="the engine's firewall chains were removed after the engine created them",
            do="restart the engine, which writes its rules again; find who removes them (firewalld, a script with iptables -F)",
            also=(
                "firewall/nat-jump-missing",
                "firewall/engine-table-missing",
                "firewall/mixed-backends",
                "kernel/module-not-loadable",
            ),
            apart="whether the chain DOCKER exists now: 'iptables -t nat -nL DOCKER', with iptables-legacy and with iptables-nft",
        ),
    ),
)
def rules_flushed(
    rules: EngineRules,
    files: FirewallFiles | Missing,
    host: HostNetworkFiles | Missing,
    firewall: Firewall | Missing,
) -> Iterator[Finding]:
    """The engine's firewall rules are missing, a whole table or chain at once, and dockerd does not notice.

    What it looks at:
        The rules that an engine of this version creates for its networks and published ports, computed from its network
        database and settings, are compared with the output of iptables-save. Rules that are missing together are reported
        together. Enabled services and scripts whose files flush these tables are named: nftables, netfilter-persistent, ufw, hooks.

    Why it matters:
        A firewall script, ``nft flush ruleset`` or a restart of the nftables service removes Docker's rules with its own, and
        dockerd creates them only at its start. The effect depends on the policy of FORWARD: with DROP nothing is forwarded;
        with ACCEPT published ports still answer through docker-proxy, and only outgoing traffic fails.

    How it is fixed:
        Each missing rule is added at its place with iptables-restore --noflush, also for running containers. Rules of others
        and the policy are not changed; dockerd and containers keep running. If no engine and no container runs, nothing is
        done: dockerd creates its rules when it starts.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
        https://github.com/moby/moby/issues/12294
    """
    is_legacy = not isinstance(firewall, Missing) and firewall.backend not in {NFT, ""}
    for family in rules.families:
        for lost in family.lost:
            again = tuple(flushers(files, host, family.version, lost.scope, is_legacy=is_legacy))
            waits = rules.is_idle and not rules.has_chains
            yield Finding(
                subject=Subject("firewall", lost.scope if family.version == 4 else f"{lost.scope} (IPv6)"),
                message=_message(family, lost, waits=waits) + (f"; {again[0].source} flushes them" if again else ""),
                severity=_severity(family, lost, waits=waits),
                evidence=(*_tables(family), *again, *evidence_of(family, lost.rules)),
                detail=None if waits else MissingRules(version=family.version, rules=_engines(rules, family, lost)),
            )


def _severity(family: FamilyRules, lost: LostRules, *, waits: bool) -> Severity | None:
    if waits:
        return Severity.INFO
    if family.has_no_network:
        return Severity.WARNING
    return Severity.ERROR if _is_isolation(lost) else None


def _is_isolation(lost: LostRules) -> bool:
    """Whether only rules that keep networks apart are missing: all traffic flows, and more than it should."""
    return lost.scope.startswith("filter DOCKER-ISOLATION") or lost.scope == "filter DOCKER-INTERNAL"


def _engines(rules: EngineRules, family: FamilyRules, lost: LostRules) -> tuple[ExpectedRule, ...]:
    """Return the rules that doctor can add alone: while an engine runs, a flushed DOCKER-USER is a finding of its own."""
    apart = rules.is_running and was_flushed(family) and not family.has_no_network
    return tuple(rule for rule in lost.rules if not (apart and rule.kind in USER_KINDS))


def _message(family: FamilyRules, lost: LostRules, *, waits: bool) -> str:
    if waits:
        return "the engine's firewall rules are missing until it starts"
    if family.has_no_network:
        return f"the engine's {len(lost.rules)} {family.word} rules are missing: a network with IPv6 can't be created until the engine restarts"
    if lost.scope == "all":
        return f"all {len(lost.rules)} {family.word} rules of the engine are missing: {_COSTS['all']}"
    if lost.scope in _COSTS:
        return f"the engine's {len(lost.rules)} {family.word} rules in the {lost.scope} table are missing: {_COSTS[lost.scope]}"
    table, _, chain = lost.scope.partition(" ")
    cost = _ISOLATION if _is_isolation(lost) else _COSTS.get(table, "packets are handled in another way")
    return (
        f"{len(lost.rules)} {family.word} rules of the engine are missing in chain {chain} of the {table} table: {cost}"
    )


def _tables(family: FamilyRules) -> Iterator[Evidence]:
    """Yield the rest of the tables, which distinguishes a flush from a removal."""
    source = " ".join(family.saved.save)
    tables = dict.fromkeys(table for table, _ in family.saved.by_chain)
    if not tables:
        yield Evidence(source, "no table at all: everything was flushed, not only the engine's rules")
    elif family.saved.policy("filter", "FORWARD") == "DROP":
        yield Evidence(source, ":FORWARD DROP")
