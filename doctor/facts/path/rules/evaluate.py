"""Evaluates a packet in one base chain: all verdicts that are possible, and the one of the rules that certainly match."""

from bisect import bisect_left
from operator import itemgetter
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.path.rules.form import (
    ACCEPT,
    CONTINUE,
    DROPS,
    ENDS,
    GOTO,
    JUMP,
    RETURN,
    AnyOf,
    Change,
    Condition,
    Doubt,
    PathChain,
    PathRule,
    RuleVerdict,
    VerdictMap,
)  # fmt: skip
from doctor.facts.path.rules.index import keys_of
from doctor.facts.path.rules.packet import Packet, Surroundings, joined

_MAX_DEPTH = 32
_MAX_STEPS = 200_000
"""The kernel refuses loops; a recorded file may have one, or jump to the same chain very often."""


class TableChains(Protocol):
    """The chains of one table."""

    def get(self, name: str) -> PathChain | None:
        """Return a chain by its name."""
        ...


class End(Struct, frozen=True, kw_only=True):
    """One possible verdict.

    Attributes:
        kind: ``accept``, ``drop``, ``reject``, ``queue`` or ``stolen``.
        path: the rules on the way, from the base chain down; empty if the policy decided.
        packet: as it leaves the chain.
        translation: ``dnat``, ``snat``, ``masquerade``, ``redirect`` if the rule translates an address, else "".
    """

    kind: str
    path: tuple[PathRule, ...]
    packet: Packet
    translation: str = ""

    @property
    def rule(self) -> PathRule | None:
        """The rule that decided, ``None`` for the policy."""
        return self.path[-1] if self.path else None


class ChainVerdict(Struct, frozen=True, kw_only=True):
    """The verdict of a base chain on a packet.

    Attributes:
        chain: the base chain.
        main: the verdict if no rule that can't be judged matches.
        others: verdicts if such a rule matches.
        doubts: the rules that can't be judged and change the verdict.
    """

    chain: PathChain
    main: End
    others: tuple[End, ...] = ()
    doubts: tuple[PathRule, ...] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """All possible verdicts."""
        return frozenset({self.main.kind, *(end.kind for end in self.others)})

    @property
    def is_cut(self) -> bool:
        """Whether the packet is certainly dropped."""
        return self.kinds <= DROPS

    @property
    def may_accept(self) -> bool:
        """Whether it is not certainly dropped."""
        return not self.is_cut

    @property
    def may_drop(self) -> bool:
        """Whether it may be dropped."""
        return not self.kinds <= {ACCEPT}

    @property
    def is_sure(self) -> bool:
        """Whether it is certain if the packet passes or not."""
        return self.is_cut or self.kinds == {ACCEPT}

    @property
    def target(self) -> str:
        """The main verdict: that of the chain, or the translation."""
        return self.main.translation or self.main.kind

    @property
    def ends(self) -> tuple[End, ...]:
        """All possible ends."""
        return (self.main, *self.others)

    @property
    def path(self) -> tuple[PathRule, ...]:
        """The rules of the main verdict."""
        return self.main.path

    @property
    def rule(self) -> PathRule | None:
        """The rule of the main verdict, ``None`` for the policy."""
        return self.main.rule


class Evaluation:
    """One evaluation of a base chain."""

    def __init__(self, chains: TableChains, scope: Surroundings) -> None:
        self.chains = chains
        self.scope = scope
        self.main: End | None = None
        self.others: list[End] = []
        self.doubts: dict[str, PathRule] = {}
        self.steps = 0

    def run(self, chain: PathChain, packet: Packet) -> ChainVerdict:
        """Return the verdict of a base chain."""
        left, is_main = self._chain(chain, packet, (), is_main=True)
        if left is not None or self.main is None:
            self._end(End(kind=chain.policy or ACCEPT, path=(), packet=left or packet), is_main=is_main)
        main = self.main or self.others.pop()
        return ChainVerdict(chain=chain, main=main, others=tuple(self.others), doubts=tuple(self.doubts.values()))

    def _end(self, end: End, *, is_main: bool) -> None:
        if is_main:
            self.main = end
        else:
            self.others.append(end)

    def _chain(
        self, chain: PathChain, packet: Packet, path: tuple[PathRule, ...], *, is_main: bool
    ) -> tuple[Packet | None, bool]:
        """Return the packet that may leave at the end of a chain, ``None`` if none can, and whether that is its main way."""
        if len(path) > _MAX_DEPTH:
            return packet, is_main
        returned: Packet | None = None
        here: Packet | None = packet
        keys = keys_of(packet)
        rules, at = chain.rules_for(keys), 0
        while at < len(rules):
            position, rule = rules[at]
            at += 1
            self.steps += 1
            if here is None or self.steps > _MAX_STEPS:
                break
            if here is not packet:
                packet, before = here, keys
                keys = keys_of(here)
                if keys != before:
                    rules = chain.rules_for(keys)
                    at = bisect_left(rules, position, key=itemgetter(0))
                    continue
            verdicts, after, held = self._rule(rule, here)
            if held and len(verdicts) == 1:
                here, is_main, leaves = self._verdict(verdicts[0], rule, after, path, is_main=is_main)
                if leaves:
                    return _either(returned, here), is_main
                continue
            here = after if held else joined(here, after)
            for verdict in verdicts:
                if verdict.kind != CONTINUE:
                    self.doubts.setdefault(rule.text, rule)
                left, _, leaves = self._verdict(verdict, rule, after, path, is_main=False)
                if leaves:
                    returned = _either(returned, left)
                else:
                    here = _either(here, left)
        return _either(returned, here), is_main

    def _verdict(
        self, verdict: RuleVerdict, rule: PathRule, packet: Packet, path: tuple[PathRule, ...], *, is_main: bool
    ) -> tuple[Packet | None, bool, bool]:
        """Return the packet that continues, whether that is its main way, and whether it leaves the chain."""
        way = (*path, rule)
        if verdict.kind in ENDS:
            done = next((part.kind for part in rule.parts if isinstance(part, Change) and part.is_nat), "")
            self._end(End(kind=verdict.kind, path=way, packet=packet, translation=done), is_main=is_main)
            return None, False, False
        if verdict.kind == RETURN:
            return packet, is_main, True
        inner = self.chains.get(verdict.target) if verdict.kind in {JUMP, GOTO} else None
        if inner is None:
            return packet, is_main, False
        left, is_main = self._chain(inner, packet, way, is_main=is_main)
        return left, is_main, verdict.kind == GOTO

    def _rule(self, rule: PathRule, packet: Packet) -> tuple[tuple[RuleVerdict, ...], Packet, bool]:
        """Return the possible verdicts of a rule, the packet after it, and whether it certainly matches.

        A statement before a condition that fails has its effect, as in the kernel.
        """
        held = True
        for part in rule.parts:
            if isinstance(part, Condition):
                found = part.holds(packet, self.scope)
                if found is False:
                    return (), packet, held
                held = held and found is True
            elif isinstance(part, Change):
                changed = part.apply(packet, self.scope)
                if changed.zone != packet.zone:
                    changed = replace(changed, zone_by=rule)
                packet = changed if held else joined(packet, changed)
            elif isinstance(part, Doubt):
                held = False
            elif isinstance(part, RuleVerdict):
                return (part,), packet, held
            elif isinstance(part, AnyOf):
                return part.verdicts, packet, False
            else:
                return self._mapped(part, packet, held=held)
        return (), packet, held

    def _mapped(self, part: VerdictMap, packet: Packet, *, held: bool) -> tuple[tuple[RuleVerdict, ...], Packet, bool]:
        found, may_miss = part.table.find(part.read(packet, self.scope))
        verdicts = tuple(one for one in found if isinstance(one, RuleVerdict))
        return verdicts, packet, held and not may_miss and len(verdicts) < 2


def _either(one: Packet | None, other: Packet | None) -> Packet | None:
    if one is None or other is None:
        return one if other is None else other
    return joined(one, other)
