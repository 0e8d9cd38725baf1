"""All paths of packets from outside through the rules of a host.

Rules are evaluated for classes of packets (from an external interface, to a bridge, to another such interface, to the host).
Interfaces and connection states are known; every other condition of a rule may hold or not. The result is all paths through
a base chain: each accept that may match, with every drop above it that may match.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from doctor.facts.firewall.nft_ways import nft_ways
from doctor.facts.firewall.packet import DROP, REJECT, RETURN, TERMINAL, Prepared, is_interface, prepare
from doctor.facts.firewall.packet_filter import Firewall, NftTable, Saved
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.formats.firewall.iptables_save import Rule

_MAX_DEPTH = 16
_MAX_WAYS = 20_000
_MAX_OUTER = 8
"""Limit of examined interfaces: each pair of them is a class of packets."""
POLICY = "policy"


class Guard(Struct, frozen=True, kw_only=True):
    """A rule that drops packets, or makes them bypass an accept: table ("filter", "inet fw"), chain, and text; ``policy`` for a policy."""

    table: str
    chain: str
    text: str


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
            for flow in _flows(networks, links, version):
                for stage, chain in _stages(flow):
                    found[flow, f"{saved.save[0]} {stage} {chain}"] = _passage(saved, stage, chain, flow, gone)
    for flow in _flows(networks, links, 4):
        for table, ruleset in firewall.foreign.items():
            hook = "forward" if flow.outside else "input"
            for base in ruleset.base_chains(hook):
                if base.kind in {"filter", ""}:
                    found[flow, f"nft {table.text} {base.name}"] = _of_nft(table, nft_ways(ruleset, base, flow), gone)
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


class _ChainWalk:
    """One evaluation of a base chain, which collects guards and paths."""

    def __init__(self, saved: Saved, table: str, flow: Flow, gone: frozenset[Guard]) -> None:
        self.saved, self.table, self.flow, self.gone = saved, table, flow, gone
        self.guards: dict[Guard, None] = {}
        self.ways: list[AcceptWay] = []

    def run(self, chain: str, path: tuple[str, ...], *, sure: bool, depth: int = 0) -> bool:
        """Evaluate a chain; return whether it has a final verdict for every packet."""
        if depth > _MAX_DEPTH:
            return False
        for rule in self.saved.rules(self.table, chain):
            if len(self.ways) >= _MAX_WAYS:
                return False
            if self.gone and Guard(table=self.table, chain=chain, text=rule.text) in self.gone:
                continue
            ready = prepare(rule)
            held = _holds(ready, self.flow, chain)
            if held is False or not ready.target:
                continue
            all_of_them = sure and held is True
            if self._step(ready, chain, (*path, rule.text), sure=all_of_them, held=held is True, depth=depth):
                return True
            if (ready.target == RETURN or ready.is_goto) and self._leave(rule, chain, path, sure=held is True):
                return False
        return False

    def _leave(self, rule: Rule, chain: str, path: tuple[str, ...], *, sure: bool) -> bool:
        """Record that packets leave a chain: they bypass the drops and accepts below."""
        if rule is not self.saved.rules(self.table, chain)[-1]:
            self.ways.append(AcceptWay(by=(*path, rule.text), passed=len(self.guards), is_exit=True))
            self.guards.setdefault(Guard(table=self.table, chain=chain, text=rule.text))
        return sure

    def _step(self, ready: Prepared, chain: str, path: tuple[str, ...], *, sure: bool, held: bool, depth: int) -> bool:
        target = ready.target
        if target == RETURN:
            return False
        if target in {DROP, REJECT}:
            self.guards.setdefault(Guard(table=self.table, chain=chain, text=ready.rule.text))
            return held
        if self.saved.has_chain(self.table, target):
            ended = self.run(target, path, sure=sure, depth=depth + 1)
            return ended and held
        if target in TERMINAL:
            self.ways.append(AcceptWay(by=path, passed=len(self.guards), is_sure=sure))
            return held
        return False


def _passage(saved: Saved, table: str, chain: str, flow: Flow, gone: frozenset[Guard]) -> Passage:
    walk = _ChainWalk(saved, table, flow, gone)
    if not walk.run(chain, (), sure=True):
        guard = Guard(table=table, chain=chain, text=POLICY)
        if saved.policy(table, chain) == DROP and guard not in gone:
            walk.guards.setdefault(guard)
        else:
            walk.ways.append(AcceptWay(by=(POLICY,), passed=len(walk.guards), is_sure=True))
    return Passage(ways=tuple(walk.ways), guards=tuple(walk.guards))


def _of_nft(table: NftTable, walked: Iterable[tuple[str, str, str, bool]], gone: frozenset[Guard]) -> Passage:
    """Return the passage from the result of ``nft_ways``: (kind, chain, text, sure) in the order of evaluation."""
    guards: dict[Guard, None] = {}
    ways: list[AcceptWay] = []
    for kind, chain, text, sure in walked:
        guard = Guard(table=table.text, chain=chain, text=text)
        if kind == "accept":
            ways.append(AcceptWay(by=(text,), passed=len(guards), is_sure=sure))
        elif guard in gone and text == POLICY:
            ways.append(AcceptWay(by=(POLICY,), passed=len(guards), is_sure=sure))
        elif guard not in gone:
            guards.setdefault(guard)
    return Passage(ways=tuple(ways), guards=tuple(guards))


def _holds(ready: Prepared, flow: Flow, chain: str) -> bool | None:
    """Whether a rule matches packets of a flow, ``None`` if that depends on what the flow does not specify."""
    held: bool | None = None if ready.is_unsure else True
    for kind, negated, value in ready.conditions:
        found = _condition(kind, value, flow, chain)
        if found is None:
            held = None
        elif found == negated:
            return False
    return held


def _condition(kind: str, value: object, flow: Flow, chain: str) -> bool | None:
    if kind == "-i":
        return is_interface(str(value), flow.inside) if chain != "POSTROUTING" else None
    if kind == "-o":
        # In PREROUTING there is no output interface yet.
        return is_interface(str(value), flow.outside)
    if kind == "state" and isinstance(value, frozenset):
        return flow.state in value
    return None
