"""Addresses, ports and names that rules compare packets with, as far as they distinguish containers."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from socket import inet_aton, inet_ntoa
from typing import Any

from doctor.facts.path.rules import numbers
from doctor.facts.path.rules.values import Range, Table

Position = tuple[Any, ...]
"""A place in the rules: what two containers have in common whose own rules stand there."""

_ARITHMETIC = frozenset({"&", "|", "^", "<<", ">>", "jhash", "symhash", "numgen"})
_TRANSLATIONS = frozenset({"NETMAP", "netmap", "prefix"})
"""Words of translations that compute an address from another one."""
_ADDRESSED = frozenset({"saddr", "daddr", "sport", "dport", "ether"})
_IGNORED = frozenset({"expires", "timeout", "counter", "comment", "handle", "packets", "bytes", "log"})
_MOST_PATTERNS = 32
_ENDS = tuple([{verdict: None}] for verdict in ("drop", "accept", "return", "continue"))
"""Data of a verdict map that name nobody."""


class Members:
    """The containers of a host by what rules may name of them, and what rules say of each.

    Attributes:
        own: of each container, the entries that name it alone, with their places.
        unlike: containers that rules distinguish in a way that is not compared: each is like no other.
        is_opaque: whether rules compute with addresses: then no two containers are alike.
    """

    def __init__(self, names: Sequence[Iterable[str]]) -> None:
        """``names`` has the addresses, MAC addresses, interfaces and ports of each container."""
        self.exact: dict[str, int] = {}
        self.own: list[list[Position]] = [[] for _ in names]
        self.unlike: set[int] = set()
        self.is_opaque = False
        self._points: list[tuple[int, int]] = []
        self._edges: set[int] = set()
        self._patterns: set[str] = set()
        self._names: list[str] = []
        self._ready: list[int] = []
        for member, words in enumerate(names):
            for word in words:
                if self.exact.setdefault(word, member) != member:
                    self.unlike |= {member, self.exact[word]}
                number = _point(word)
                if number is None:
                    self._names.append(word)
                else:
                    self._points.append((number, member))
        self._points.sort()

    def line(self, words: Sequence[str], place: Position) -> bool:
        """Note a rule of iptables; return whether it is about one container alone."""
        end = next((at for at, word in enumerate(words) if word in {"-j", "-g"}), len(words))
        negated = any(word == "!" and any(map(self._word, words[at + 2 : at + 3])) for at, word in enumerate(words))
        self.is_opaque = self.is_opaque or not _TRANSLATIONS.isdisjoint(words)
        found = self._conditions(words[:end]) | {
            member for word in words[end:] for member, is_port in self._named(word) if not is_port
        }
        return self._note(found, is_negated=negated, place=place, words=words)

    def rule(self, expressions: Iterable[Mapping[str, Any]], place: Position) -> bool:
        """Note a rule of nft, likewise."""
        conditions: list[str] = []
        others: list[str] = []
        negated = False
        for expression in expressions:
            for kind, body in expression.items():
                is_condition = kind in {"match", "vmap"}
                negated |= self._leaves(body, conditions if is_condition else others, is_computed=False)
        found = self._conditions(conditions) | {
            member for word in others for member, is_port in self._named(word) if not is_port
        }
        return self._note(found, is_negated=negated, place=place, words=(*conditions, "", *others))

    def elements(self, values: Iterable[Any], place: Position) -> None:
        """Note the elements of a set or map; of 100,000 addresses nearly all are of nobody here."""
        for value in values:
            if not self._is_elsewhere(value[0] if isinstance(value, list) and value[1:] in _ENDS else value):
                self.element(value, place)

    def _is_elsewhere(self, key: Any) -> bool:
        """Whether a key is an address, or a network of IPv4, that has nothing to do with any container."""
        if isinstance(key, str):
            found = None if key in self.exact else _plain_address(key)
            return found is not None
        network = key.get("prefix") if isinstance(key, dict) and len(key) == 1 else None
        if not isinstance(network, dict):
            return False
        base, length = network.get("addr"), network.get("len")
        if not isinstance(base, str) or type(length) is not int or not 0 < length < 32:
            return False
        found, rest = _plain_address(base), 0xFFFFFFFF >> length
        return found is not None and not self._holds(found & ~rest, found | rest)

    def element(self, value: Any, place: Position) -> None:
        """Note an element of a set or map."""
        words: list[str] = []
        self._leaves(value, words, is_computed=False)
        self._note(self._conditions(words), is_negated=False, place=place, words=words)

    def words(self, words: Iterable[str]) -> None:
        """Note addresses and names outside of rules: a container that they name is like no other."""
        for word in words:
            self.unlike |= self._word(word)

    def _conditions(self, words: Sequence[str]) -> set[int]:
        """Return the containers whose packets a conjunction of conditions is about: with an address, a port is that container's."""
        named = [one for word in words for one in self._named(word)]
        addressed = {member for member, is_port in named if not is_port}
        return addressed or {member for member, _ in named}

    def table(self, table: Table, place: Position) -> None:
        """Note the elements of a set of ipset."""
        for key, data in table.exact.items():
            self.element([_spelled(part) for part in (key if isinstance(key, tuple) else (key,))], (*place, data))
        for low, high in zip(table.lows, table.highs, strict=True):
            self._span(low, high)
        for parts, data in table.mixed:
            self.element([_spelled(part) for part in parts], (*place, data))

    def cell(self, words: Iterable[str]) -> tuple[Any, ...]:
        """Return which of the ranges and patterns in rules these names are in. Call it when all rules are noted."""
        if not self._ready:
            self._ready = sorted(self._edges)
            self.is_opaque = self.is_opaque or len(self._patterns) > _MOST_PATTERNS
        found: list[Any] = []
        for word in words:
            number = _point(word)
            if number is not None:
                found.append(bisect_right(self._ready, number))
            else:
                found.append(tuple(sorted(one for one in self._patterns if word.startswith(one))))
        return tuple(found)

    def _note(self, found: set[int], *, is_negated: bool, place: Position, words: Sequence[str]) -> bool:
        if is_negated or len(found) != 1:
            self.unlike |= found
            return False
        (member,) = found
        self.own[member].append((*place, tuple(map(self._masked, words))))
        return True

    def _masked(self, word: str) -> str:
        """Return a word of an entry that names one container, without its names."""
        if word in self.exact:
            return "@"
        pieces = _parsed(word)
        if not isinstance(pieces, tuple):
            return word
        return ":".join("@" if one in self.exact else one for one in pieces)

    def _word(self, word: str) -> set[int]:
        """Return the containers that a word names; note its range or pattern."""
        return {member for member, _ in self._named(word)}

    def _named(self, word: str) -> list[tuple[int, bool]]:
        """Return the containers that a word names, each with whether it does by a port; note its range or pattern."""
        member = self.exact.get(word)
        if member is not None:
            return [(member, word.isdigit())]
        span = _parsed(word)
        if span is None:
            return []
        if isinstance(span, tuple):
            return [one for piece in span if piece != word for one in self._named(piece)]
        if isinstance(span, str):
            if any(name.startswith(span) for name in self._names):
                self._patterns.add(span)
        elif span is _HOLES:
            self.is_opaque = True
        else:
            self._span(span.low, span.high)
        return []

    def _holds(self, low: int, high: int) -> bool:
        """Whether a range has a name of a container."""
        return bisect_left(self._points, (low, -1)) != bisect_right(self._points, (high, 1 << 62))

    def _span(self, low: int, high: int) -> None:
        if self._holds(low, high):
            self._edges |= {low, high + 1}

    def _leaves(self, value: Any, words: list[str], *, is_computed: bool) -> bool:
        """Collect the words of an expression; return whether a comparison in it is negated."""
        if isinstance(value, str):
            words.append(value)
            self.is_opaque = self.is_opaque or (is_computed and value in _ADDRESSED)
            return value == "!="
        if isinstance(value, bool | None):
            return False
        if isinstance(value, int):
            words.append(str(value))
            return False
        if isinstance(value, list):
            negated = False
            for one in value:
                negated |= self._leaves(one, words, is_computed=is_computed)
            return negated
        negated = False
        for key, one in value.items():
            if key in _IGNORED:
                continue
            if key == "range" and isinstance(one, list) and len(one) == 2:
                words.append(f"{one[0]}-{one[1]}")
            elif key == "prefix" and isinstance(one, Mapping):
                words.append(f"{one.get('addr')}/{one.get('len')}")
            else:
                self.is_opaque = self.is_opaque or key == "netmap"
                negated |= self._leaves(one, words, is_computed=is_computed or key in _ARITHMETIC)
        return negated


_HOLES = Range(-1, -1)
"""A mask with holes."""


def _plain_address(word: str) -> int | None:
    """Return the number of an IPv4 address in the kernel's spelling."""
    try:
        packed = inet_aton(word)
    except (OSError, ValueError):
        return None
    return int.from_bytes(packed) if inet_ntoa(packed) == word else None


def _point(word: str) -> int | None:
    """Return a name as a number, if ranges may contain it: an address or a port."""
    if word.isascii() and word.isdigit():
        return int(word)
    found = numbers.address(word)
    return None if found is None else found[1]


@lru_cache(maxsize=65536)
def _parsed(word: str) -> Range | tuple[str, ...] | str | None:
    """Return a range, the parts of a list or pair, or the beginning of names that a word stands for; ``None`` for another word."""
    if word.endswith(("+", "*")):
        return word[:-1]
    if "," in word:
        return tuple(word.split(","))
    if "/" in word:
        found = numbers.network(word)
        if isinstance(found, Range):
            return found if found.low != found.high else (word.partition("/")[0],)
        return None if found is None else _HOLES
    head = word[:1]
    if not (head.isdigit() or head in ":[" or ":" in word):
        return None
    if "-" in word:
        low, _, high = word.partition("-")
        first, last = _point(low), _point(high)
        if first is not None and last is not None:
            return Range(first, last)
        return tuple(part for part in (low, high) if part)
    pieces = _pieces(word)
    if len(pieces) == 2:
        ports = numbers.span(word)
        return ports if ports is not None else pieces
    number = numbers.address(word)
    if number is not None:
        # Of a longer or shorter spelling than the kernel's.
        text = numbers.shown(*number)
        return None if text == word else (text,)
    return None


def _pieces(word: str) -> tuple[str, ...]:
    """Return address and port of a translation: "172.17.0.2:80", "[fd00::2]:80"."""
    if word.startswith("["):
        address, _, port = word[1:].partition("]")
        return tuple(part for part in (address, port.removeprefix(":")) if part)
    return tuple(word.split(":")) if word.count(":") == 1 else (word,)


def _spelled(part: Any) -> str:
    if isinstance(part, Range):
        return f"{part.low}-{part.high}"
    if isinstance(part, int) and part > 0xFFFF:
        return numbers.shown(4 if part < 1 << 32 else 6, part)
    return str(part)
