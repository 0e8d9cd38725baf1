"""Facts that record their dependencies, so that a prediction collects only what its steps change.

A fact is kept if its questions to the host have the same answers and the facts that it uses are the same; likewise the result
of a check. All facts of one scan and its predictions have the same time, because its clock is stopped.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec

from doctor.host.base import Host
from doctor.host.difference import Aliases, Difference, between
from doctor.host.noted import NotedHost, Notes
from doctor.scan.resolve import Facts


class _Known(NamedTuple):
    """A value and its dependencies."""

    value: Any
    notes: Notes


_Found = TypeVar("_Found")
_NEVER = _Known(object(), Notes())


class NotedFacts(Facts):
    """Facts of ``host``; kept from ``earlier`` if possible, which differs by ``difference``.

    Attributes:
        collected: the facts, collected or kept.
        kept: the kept ones.
        looks: results of checks, by name.
        aliases: targets of the host's paths that no prediction changes.
    """

    def __init__(
        self,
        host: Host,
        given: tuple[Any, ...] = (),
        *,
        earlier: "NotedFacts | None" = None,
        difference: Difference | None = None,
    ) -> None:
        self._noted = NotedHost(host, None if earlier is None else earlier.host.now())
        super().__init__(self._noted, given)
        self.collected: dict[type, _Known] = {}
        self.kept: set[type] = set()
        self.looks: dict[str, _Known] = {}
        self.aliases: Aliases = Aliases(host) if earlier is None else earlier.aliases
        self._earlier = earlier
        self._difference = difference

    def renewed(self) -> "NotedFacts":
        """Return new facts of the same host, which are read again."""
        return NotedFacts(self._noted.below, self._given)

    def predicted(self, host: Host) -> "NotedFacts":
        """Return the facts of a prediction over the same host, or over another one."""
        difference = between(self._noted.below, host, self.aliases)
        return NotedFacts(host, self._given, earlier=self, difference=difference)

    def changed(self, paths: set[str]) -> "NotedFacts":
        """Return the facts of the same host after a change of these paths."""
        difference = Difference(paths, aliases=self.aliases)
        return NotedFacts(self._noted.below, self._given, earlier=self, difference=difference)

    def get(self, fact: type) -> Any:
        """Return the fact or its ``Missing``, and record the dependency on it."""
        self._noted.notes.facts[fact] = None
        return super().get(fact)

    def look(self, name: str, find: Callable[[], _Found]) -> _Found:
        """Return the result of ``find``, or its earlier result if no dependency differs."""
        known = _NEVER if self._earlier is None else self._earlier.looks.get(name, _NEVER)
        if not self._holds(known):
            known = self._noting(find)
        self.looks[name] = known
        found: _Found = known.value
        return found

    def _collect(self, fact: type) -> Any:
        before = _NEVER if self._earlier is None else self._earlier.collected.get(fact, _NEVER)
        if self._holds(before):
            self.collected[fact] = before
            self.kept.add(fact)
            return before.value
        found = self._noting(partial(super()._collect, fact))
        # An equal value is replaced by the same object, so that dependents can compare by identity.
        found = found._replace(value=before.value) if same(before.value, found.value) else found
        self.collected[fact] = found
        return found.value

    def _noting(self, find: Callable[[], Any]) -> _Known:
        outer, self._noted.notes = self._noted.notes, Notes()
        try:
            return _Known(find(), self._noted.notes)
        finally:
            self._noted.notes = outer

    def _holds(self, known: _Known) -> bool:
        """Whether all dependencies have the same answers as before."""
        if known is _NEVER or self._difference is None or self._difference.touches(known.notes):
            return False
        return bool(self._noting(lambda: all(map(self._is_same, known.notes.facts))).value)

    def _is_same(self, fact: type) -> bool:
        before = _NEVER if self._earlier is None else self._earlier.collected.get(fact, _NEVER)
        return self.get(fact) is before.value


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in types and order too (1 is not true); values of an unknown kind never are."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    match one:
        case str() | bytes() | int() | float():
            return bool(one == other)
        case tuple() | list():
            return len(one) == len(other) and all(map(same, one, other))
        case dict():
            return same(list(one), list(other)) and all(same(value, other[key]) for key, value in one.items())
        case frozenset() | set():
            return one == other and all(isinstance(item, str | bytes) for item in one | other)
        case msgspec.Struct():
            return all(same(getattr(one, name), getattr(other, name)) for name in one.__struct_fields__)
    return False
