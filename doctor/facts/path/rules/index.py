"""Finds the rules of a long chain that may match a packet: most of the others name another address, interface or port."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar

from doctor.facts.path.rules.packet import ELSEWHERE, Packet
from doctor.facts.path.rules.values import Table

Rule = TypeVar("Rule")
SHORT = 12
"""Rules of a chain that are tried one by one."""
_FIELDS = ("daddr", "saddr", "dport", "sport", "oif", "iif")
"""Fields by which rules are found, the most selective ones first."""

Keys = tuple[Any, ...]
"""The values of these fields in a packet."""


def keys_of(packet: Packet) -> Keys:
    """Return a packet's values."""
    return packet.destination, packet.source, packet.port, packet.sport, packet.outside, packet.inside


class RuleIndex(Generic[Rule]):
    """The rules of one chain by the one value, or the one range of addresses, that they need first."""

    def __init__(self, rules: Sequence[Rule], leading: Iterable[tuple[str, Any] | None]) -> None:
        """``leading`` has for each rule the field and the value without which it has no effect, ``None`` without one."""
        self._rules = rules
        self._rest: list[int] = []
        self._by_field: list[dict[Any, list[int]]] = [{} for _ in _FIELDS]
        self._found: dict[Keys, tuple[tuple[int, Rule], ...]] = {}
        ranges: list[dict[tuple[int, int], list[int]]] = [{} for _ in _FIELDS]
        for position, one in enumerate(leading):
            if one is None:
                self._rest.append(position)
                continue
            place = _FIELDS.index(one[0])
            table: dict[Any, list[int]] = ranges[place] if isinstance(one[1], tuple) else self._by_field[place]
            table.setdefault(one[1], []).append(position)
        self._ranges = [self._apart(some) for some in ranges]

    def _apart(self, ranges: dict[tuple[int, int], list[int]]) -> list[tuple[int, int, list[int]]]:
        """Return ranges sorted; rules of those that overlap are tried for each packet."""
        found: list[tuple[int, int, list[int]]] = []
        for (low, high), positions in sorted(ranges.items()):
            if found and low <= found[-1][1]:
                self._rest += positions
            else:
                found.append((low, high, positions))
        return found

    def of(self, keys: Keys) -> tuple[tuple[int, Rule], ...]:
        """Return the rules that may match, with their positions. A value that is not known, or of an outside host, may be any."""
        wanted = tuple(
            None
            if value is None or value == ELSEWHERE
            else (value if value in table else _NOWHERE, _place(ranges, value))
            for value, table, ranges in zip(keys, self._by_field, self._ranges, strict=True)
        )
        found = self._found.get(wanted)
        if found is None:
            positions = list(self._rest)
            for value, table, ranges in zip(wanted, self._by_field, self._ranges, strict=True):
                if value is None:
                    positions += [at for same in table.values() for at in same]
                    positions += [at for _, _, same in ranges for at in same]
                else:
                    positions += table.get(value[0], [])
                    positions += ranges[value[1]][2] if value[1] >= 0 else []
            found = self._found[wanted] = tuple((at, self._rules[at]) for at in sorted(positions))
        return found


_NOWHERE = ()
"""A value that no rule needs."""


def _place(ranges: list[tuple[int, int, list[int]]], value: Any) -> int:
    """Return the number of the range with a value, -1 without one."""
    if not ranges or not isinstance(value, int):
        return -1
    at = bisect_right(ranges, value, key=itemgetter(0)) - 1
    return at if at >= 0 and value <= ranges[at][1] else -1


def needed(conditions: Iterable[Any]) -> tuple[str, Any] | None:
    """Return the most selective field of these conditions that must have one certain value, or be in a range of addresses."""
    best: tuple[bool, int, Any] | None = None
    for one in conditions:
        if one.field not in _FIELDS or one.is_negated or not isinstance(one.matcher, Table):
            continue
        value = _only(one.matcher)
        is_range = isinstance(value, tuple)
        rank = (is_range, _FIELDS.index(one.field), value)
        if value is None or (is_range and one.field not in {"daddr", "saddr"}):
            continue
        if best is None or rank[:2] < best[:2]:
            best = rank
    return None if best is None else (_FIELDS[best[1]], best[2])


def _only(table: Table) -> Any:
    """Return the only value of a set, or (first, last) of its only range; ``None`` if it has several."""
    if table.is_named or table.prefixes or table.mixed or len(table.exact) + len(table.lows) != 1:
        return None
    if table.lows:
        return table.lows[0] if table.lows == table.highs else (table.lows[0], table.highs[0])
    found = next(iter(table.exact))
    return None if isinstance(found, tuple) else found
