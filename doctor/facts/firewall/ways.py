"""All paths of packets from outside through the rules of a host.

Rules are evaluated for classes of packets (from an external interface, to a bridge, to another such interface, to the host).
Interfaces and connection states are known; every other condition of a rule may hold or not. The result is all paths through
a base chain: each accept that may match, with every drop above it that may match.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from doctor.facts.firewall.guard import POLICY, Guard
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.facts.path.rules.form import (
    ACCEPT,
    DROP,
    DROPS,
    GOTO,
    JUMP,
    RETURN,
    AnyOf,
    PathChain,
    PathRule,
    VerdictMap,
)
from doctor.facts.path.rules.packet import NOTHING_KNOWN, Packet, any_packet
from doctor.facts.path.rules.tables import Concern, IptablesRules, PathTable, nft_tables, saved_tables

_MAX_DEPTH = 16
_MAX_WAYS = 20_000
_MAX_OUTER = 8
"""Limit of examined interfaces: each pair of them is a class of packets."""


class AcceptWay(Struct, frozen=True, kw_only=True):
    """One accept that packets may match.

    Attributes:
        by: the rules on the way; for a policy only its text.
        passed: number of guards above it in its chain.
        is_sure: whether it accepts every packet that reaches it.
        is_exit: whether it is not an accept but a RETURN, which bypasses the rest of its chain.
    """

    by: tuple[str, ...]
    passed: int
    is_sure: bool = False
    is_exit: bool = False


class Passage(Struct, frozen=True, kw_only=True):
    """All paths of one class of packets through one base chain, and the guards in the order of evaluation."""

    ways: tuple[AcceptWay, ...]
    guards: tuple[Guard, ...]


class Flow(Struct, frozen=True, kw_only=True):
    """A class of packets: input and output interface ("" for none), and connection state."""

    name: str
    inside: str
    outside: str
    state: str = "NEW"


Surface = dict[tuple[Flow, str], Passage]
"""By flow and base chain ("iptables-nft-save filter FORWARD")."""


def surface(firewall: Firewall, networks: Networks, links: Links, *, without: Iterable[Guard] = ()) -> Surface:
    """Return what these rules let in from outside; rules of ``without`` are ignored."""
    gone = frozenset(without)
    found: Surface = {}
    for version, saved in ((4, firewall.v4), (4, firewall.other), (6, firewall.v6)):
        if saved is not None:
            tables = saved_tables(IptablesRules.of(saved), {}, Concern())
            for flow in _flows(networks, links, version):
                for stage, chain in _stages(flow):
                    table = tables[stage][0] if stage in tables else _NO_TABLE
                    walk = _ChainWalk(table, stage, flow, gone)
                    found[flow, f"{saved.save[0]} {stage} {chain}"] = walk.passage(chain)
    nft = {place: nft_tables(ruleset, Concern()) for place, ruleset in firewall.foreign.items()}
    for flow in _flows(networks, links, 4):
        for place, ruleset in firewall.foreign.items():
            hook = "forward" if flow.outside else "input"
            for base in ruleset.base_chains(hook):
                if base.kind in {"filter", ""}:
                    ready, _ = nft[place][base.family, base.table]
                    walk = _ChainWalk(ready, place.text, flow, gone)
                    found[flow, f"nft {place.text} {base.name}"] = walk.passage(base.name)
    return found


def _flows(networks: Networks, links: Links, version: int) -> Iterator[Flow]:
    outer = list(dict.fromkeys((*(link.name for link in links.uplinks()), *_addressed(networks, links))))[:_MAX_OUTER]
    bridges = [network for network in networks.bridges if network.subnets_of(version)]
    suffix = "" if version == 4 else " (IPv6)"
    for link in outer:
        for network in bridges:
            to = f"network {network.name}{suffix}"
            yield Flow(name=f"packets from {link} to {to}", inside=link, outside=network.bridge)
            answers = f"replies to packets from {link} to {to}"
            yield Flow(name=answers, inside=network.bridge, outside=link, state="ESTABLISHED")
        for other in outer:
            if other != link:
                name = f"packets from {link} to {other}{suffix}"
                yield Flow(name=name, inside=link, outside=other)
        yield Flow(name=f"packets from {link} to this host{suffix}", inside=link, outside="")


def _addressed(networks: Networks, links: Links) -> Iterator[str]:
    """Yield the interfaces with an address that are not the engine's: network cards, VPNs, bridges of virtual machines."""
    own = {network.bridge for network in networks.bridges}
    for link in links.links:
        has_address = any(address.scope == "global" for address in link.addresses)
        if has_address and not link.master and link.name not in own and not link.is_engine_bridge:
            yield link.name


def _stages(flow: Flow) -> Iterator[tuple[str, str]]:
    yield "raw", "PREROUTING"
    yield "mangle", "PREROUTING"
    if not flow.outside:
        yield "mangle", "INPUT"
        yield "filter", "INPUT"
        return
    yield "mangle", "FORWARD"
    yield "filter", "FORWARD"
    yield "mangle", "POSTROUTING"


_NO_TABLE = PathTable({})


class _ChainWalk:
    """One evaluation of a base chain, which collects guards and paths."""

    def __init__(self, chains: PathTable, table: str, flow: Flow, gone: frozenset[Guard]) -> None:
        self.chains, self.table, self.gone = chains, table, gone
        self.packet: Packet = any_packet(inside=flow.inside, outside=flow.outside, state=flow.state)
        self.guards: dict[Guard, None] = {}
        self.ways: list[AcceptWay] = []
        self.is_open = False

    def passage(self, name: str) -> Passage:
        """Return the paths through a base chain."""
        chain = self.chains.get(name)
        guard = Guard(table=self.table, chain=name, text=POLICY)
        self.is_open = chain is None or chain.policy != DROP or guard in self.gone
        if chain is None or not self._run(chain, (), sure=True, depth=0):
            if not self.is_open:
                self.guards.setdefault(guard)
            else:
                self.ways.append(AcceptWay(by=(POLICY,), passed=len(self.guards), is_sure=True))
        return Passage(ways=tuple(self.ways), guards=tuple(self.guards))

    def _run(self, chain: PathChain, path: tuple[str, ...], *, sure: bool, depth: int) -> bool:
        """Evaluate a chain; return whether it has a final verdict for every packet."""
        if depth > _MAX_DEPTH:
            return False
        for rule in chain.rules:
            if len(self.ways) >= _MAX_WAYS:
                return False
            if self.gone and Guard(table=self.table, chain=chain.name, text=rule.text) in self.gone:
                continue
            held = rule.holds(self.packet, NOTHING_KNOWN)
            if held is False:
                continue
            all_of_them = sure and held is True
            if self._step(rule, chain, (*path, rule.text), sure=all_of_them, held=held is True, depth=depth):
                return True
            if _leaves(rule) and depth == 0 and self.is_open:
                # Packets that leave the base chain reach its policy, whatever drops those that stay.
                self.ways.append(AcceptWay(by=(POLICY,), passed=len(self.guards)))
            if _leaves(rule) and self._leave(rule, chain, path, sure=held is True):
                return False
        return False

    def _leave(self, rule: PathRule, chain: PathChain, path: tuple[str, ...], *, sure: bool) -> bool:
        """Record that packets leave a chain: they bypass the drops and accepts below."""
        if rule is not chain.rules[-1]:
            self.ways.append(AcceptWay(by=(*path, rule.text), passed=len(self.guards), is_exit=True))
            self.guards.setdefault(Guard(table=self.table, chain=chain.name, text=rule.text))
        return sure

    def _step(
        self, rule: PathRule, chain: PathChain, path: tuple[str, ...], *, sure: bool, held: bool, depth: int
    ) -> bool:
        """Evaluate one rule; return whether it has a final verdict for every packet."""
        verdict = rule.verdict
        guard = Guard(table=self.table, chain=chain.name, text=rule.text)
        if verdict is None:
            if any(isinstance(part, VerdictMap | AnyOf) for part in rule.parts):
                # It may accept, and may drop.
                self.ways.append(AcceptWay(by=path, passed=len(self.guards)))
                self.guards.setdefault(guard)
            return False
        if verdict.kind in DROPS:
            self.guards.setdefault(guard)
            return held
        inner = self.chains.get(verdict.target) if verdict.kind in {JUMP, GOTO} else None
        if inner is not None:
            return self._run(inner, path, sure=sure, depth=depth + 1) and held
        if verdict.kind == ACCEPT:
            self.ways.append(AcceptWay(by=path, passed=len(self.guards), is_sure=sure))
            return held
        return False


def _leaves(rule: PathRule) -> bool:
    """Whether packets leave the chain after a rule without a verdict of it."""
    return rule.verdict is not None and rule.verdict.kind in {RETURN, GOTO}
