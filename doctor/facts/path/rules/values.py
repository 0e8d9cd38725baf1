"""Values that conditions compare, and the sets and maps they are looked up in: by hash and bisection, so size costs nothing."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import pairwise
from typing import Any

from msgspec import Struct

from doctor.facts.path.rules.packet import ELSEWHERE

_MOST_COMPARED = 4096
"""Elements of a set of concatenations with ranges that are compared one by one; in a larger one the answer is unknown."""


class Absent(Enum):
    """The field does not exist in this packet: the rule does not match, whatever it compares."""

    FIELD = 0


ABSENT = Absent.FIELD


class Bits(Struct, frozen=True):
    """Bits of which only some are known."""

    value: int
    known: int


Value = int | str | Bits | tuple[Any, ...] | Absent | None
"""The value of a field; ``None`` if it is not known."""


class Matcher(Struct, frozen=True):
    """The right side of a condition. This one can't be judged."""

    def has(self, value: Value) -> bool | None:
        """Whether the value matches, ``None`` if unknown."""
        del value
        return None

    def spans(self) -> tuple[tuple[int, int], ...] | None:
        """Return all numbers that match as (first, last), ``None`` if they can't be listed."""
        return None


UNKNOWN = Matcher()


class Flags(Matcher, frozen=True):
    """Whether ``value & mask == wanted``; with ``is_any``, whether any bit of the mask is set."""

    mask: int
    wanted: int = 0
    is_any: bool = False

    def has(self, value: Value) -> bool | None:
        """Compare the bits."""
        bits = Bits(value, -1) if isinstance(value, int) else value
        if not isinstance(bits, Bits) or (isinstance(value, int) and value == ELSEWHERE):
            return None
        known = bits.known & self.mask
        if self.is_any:
            if bits.value & known:
                return True
            return False if known == self.mask else None
        if self.wanted & ~self.mask:
            # The kernel compares with all bits of the value: nothing matches.
            return False
        if (bits.value ^ self.wanted) & known:
            return False
        return True if known == self.mask else None


class Present(Matcher, frozen=True):
    """Whether there is a name at all: ``fib saddr . iif oif exists``."""

    def has(self, value: Value) -> bool | None:
        """Whether the name is not empty."""
        return None if value is None else value not in {"", ABSENT}


class Compare(Matcher, frozen=True):
    """A number compared with ``<``, ``>``, ``<=`` or ``>=``."""

    operator: str
    number: int

    def has(self, value: Value) -> bool | None:
        """Compare the numbers."""
        if not isinstance(value, int) or value == ELSEWHERE:
            return None
        match self.operator:
            case "<":
                return value < self.number
            case ">":
                return value > self.number
            case "<=":
                return value <= self.number
        return value >= self.number


class Range(Struct, frozen=True):
    """A range of numbers as an element."""

    low: int
    high: int


class Prefix(Struct, frozen=True):
    """The beginning of names as an element: "docker*"."""

    text: str


Element = int | str | Range | Prefix | tuple[Any, ...]


class Table(Matcher, frozen=True):
    """A set or a map, anonymous or named.

    Attributes:
        exact: element → its data.
        lows: first number of each range, sorted; ``highs`` and ``data`` its last number and its data.
        prefixes: beginnings of names with their data.
        mixed: concatenations with a range or a prefix, with their data.
        is_named: whether it is a named set: it may have addresses of outside hosts.
    """

    exact: dict[Any, Any] = {}
    lows: tuple[int, ...] = ()
    highs: tuple[int, ...] = ()
    data: tuple[Any, ...] = ()
    prefixes: tuple[tuple[str, Any], ...] = ()
    mixed: tuple[tuple[tuple[Element, ...], Any], ...] = ()
    is_named: bool = False

    def has(self, value: Value) -> bool | None:
        """Whether it has the value."""
        found, may_miss = self.find(value)
        return None if found and may_miss else bool(found)

    def find(self, value: Value) -> tuple[tuple[Any, ...], bool]:
        """Return the data that may belong to a value, and whether it may be missing."""
        if not (self.exact or self.lows or self.prefixes or self.mixed):
            return (), True
        if isinstance(value, tuple):
            return self._concatenation(value)
        if value is None or isinstance(value, Bits) or (value == ELSEWHERE and self.is_named):
            return self.all_data(), True
        if value == ELSEWHERE:
            return self._whole()
        data = self._scalar(value)
        return ((), True) if data is None else ((data,), False)

    def spans(self) -> tuple[tuple[int, int], ...] | None:
        """Return its numbers as (first, last)."""
        if self.prefixes or self.mixed or self.is_named or not all(isinstance(key, int) for key in self.exact):
            return None
        return (*((key, key) for key in self.exact), *zip(self.lows, self.highs, strict=True))

    def _scalar(self, value: Value) -> Any:
        data = self.exact.get(value)
        if data is not None:
            return data
        if isinstance(value, int):
            place = bisect_right(self.lows, value) - 1
            return self.data[place] if place >= 0 and value <= self.highs[place] else None
        if isinstance(value, str):
            return next((data for text, data in self.prefixes if value.startswith(text)), None)
        return None

    def all_data(self) -> tuple[Any, ...]:
        """Return each data once; they may be unhashable."""
        found: list[Any] = []
        datas = (
            *self.exact.values(),
            *self.data,
            *(data for _, data in self.prefixes),
            *(data for _, data in self.mixed),
        )
        for data in datas:
            if data is not True and data in found:
                continue
            found.append(data)
            if data is True:
                break
        return tuple(found)

    def _whole(self) -> tuple[tuple[Any, ...], bool]:
        """Return the data for any address or port: only of a range of all."""
        for low, high, data in zip(self.lows, self.highs, self.data, strict=True):
            if low == 0 and high >= 0xFFFF and high & (high + 1) == 0 and high.bit_length() in {16, 32, 128}:
                return (data,), False
        return (), True

    def _concatenation(self, value: tuple[Any, ...]) -> tuple[tuple[Any, ...], bool]:
        is_known = not any(part is None or part == ELSEWHERE for part in value)
        if is_known and value in self.exact:
            return (self.exact[value],), False
        if len(self.mixed) + (0 if is_known else len(self.exact)) > _MOST_COMPARED:
            return self.all_data(), True
        found: list[Any] = []
        for element, data in self._compared(is_known=is_known):
            held = _parts_match(element, value, is_named=self.is_named)
            if held is True:
                return (*found, data), False
            if held is None:
                found.append(data)
        return tuple(found), True

    def _compared(self, *, is_known: bool) -> Iterator[tuple[tuple[Element, ...], Any]]:
        if not is_known:
            for key, data in self.exact.items():
                if isinstance(key, tuple):
                    yield key, data
        yield from self.mixed


def _parts_match(element: tuple[Element, ...], value: tuple[Any, ...], *, is_named: bool) -> bool | None:
    if len(element) != len(value):
        return None
    result: bool | None = True
    for wanted, part in zip(element, value, strict=True):
        held = _part_matches(wanted, part, is_named=is_named)
        if held is False:
            return False
        result = result if held is True else None
    return result


def _part_matches(wanted: Element, part: Any, *, is_named: bool) -> bool | None:
    if part is None:
        return None
    if part == ELSEWHERE:
        return None if is_named else False
    if isinstance(wanted, Range):
        return isinstance(part, int) and wanted.low <= part <= wanted.high
    if isinstance(wanted, Prefix):
        return isinstance(part, str) and part.startswith(wanted.text)
    return bool(wanted == part)


def table(elements: Iterable[tuple[Element, Any]], *, is_named: bool = False) -> Table:
    """Return a set or map of elements with their data, which is ``True`` in a set."""
    exact: dict[Any, Any] = {}
    ranges: list[tuple[int, int, Any]] = []
    prefixes: list[tuple[str, Any]] = []
    mixed: list[tuple[tuple[Element, ...], Any]] = []
    for element, data in elements:
        if isinstance(element, Range):
            ranges.append((element.low, element.high, data))
        elif isinstance(element, Prefix):
            prefixes.append((element.text, data))
        elif isinstance(element, tuple) and any(isinstance(part, Range | Prefix) for part in element):
            mixed.append((element, data))
        else:
            exact[element] = data
    joined = _without_overlap(ranges)
    return Table(
        exact=exact,
        lows=tuple(low for low, _, _ in joined),
        highs=tuple(high for _, high, _ in joined),
        data=tuple(data for _, _, data in joined),
        prefixes=tuple(prefixes),
        mixed=tuple(mixed),
        is_named=is_named,
    )


def _without_overlap(ranges: list[tuple[int, int, Any]]) -> list[tuple[int, int, Any]]:
    """Return ranges sorted; overlapping ones of the same data are joined. The kernel refuses others."""
    if all(one[1] < other[0] for one, other in pairwise(ranges)):
        # Thus nft prints them.
        return ranges
    found: list[tuple[int, int, Any]] = []
    for low, high, data in sorted(ranges, key=lambda one: one[:2]):
        if found and low <= found[-1][1] and data == found[-1][2]:
            found[-1] = (found[-1][0], max(high, found[-1][1]), data)
        else:
            found.append((low, high, data))
    return found


def one_of(*elements: Element) -> Table:
    """Return a set of these elements."""
    return table((element, True) for element in elements)
