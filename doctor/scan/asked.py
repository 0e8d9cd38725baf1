"""Which facts doctor's own checks and collectors ask for: a table that is read without importing them.

A check whose facts are absent is skipped, so it need not be imported, nor the collectors of facts whose own facts are absent. On a
host without containers these are half of all modules (decision 52). ``make asked`` writes the table. A check or fact that is
not in it is imported, and so is one whose source is newer than the table.
"""

import math
import os
from functools import cache

from msgspec import Struct

TABLE = os.path.join(os.path.dirname(__file__), "asked.txt")
DEEP = "--deep"
"""Marks a check that runs only with this option."""
_GRACE_S = 60.0
"""The files of a checkout or an installation are not written at the same instant."""


class AskedCheck(Struct, frozen=True):
    """The names of the facts without which a check is skipped, and whether it runs only with ``--deep``."""

    facts: tuple[str, ...]
    is_deep: bool = False


class AskedFact(Struct, frozen=True):
    """The module of a fact, and the names of the facts without which its collector does not run."""

    module: str
    facts: tuple[str, ...] = ()

    @property
    def collector(self) -> str:
        """The file of its collector."""
        inside = self.module.removeprefix("doctor.facts.").replace(".", "/")
        return f"{os.path.dirname(os.path.dirname(__file__))}/collect/{inside}.py"


class AskedTable:
    """Checks by id, facts by name; ``time`` is when the table was written."""

    def __init__(self, text: str = "", time: float = 0.0) -> None:
        self.time = time
        self.checks: dict[str, AskedCheck] = {}
        self.facts: dict[str, AskedFact] = {}
        self._current: dict[str, AskedFact | None] = {}
        for line in text.splitlines():
            name, *words = line.split(" ")
            if "/" in name:
                is_deep = words[:1] == [DEEP]
                self.checks[name] = AskedCheck(tuple(words[1:] if is_deep else words), is_deep)
            elif words:
                self.facts[name] = AskedFact(words[0], tuple(words[1:]))

    def check(self, identity: str, path: str) -> AskedCheck | None:
        """Return what the check in this file asks for, ``None`` if that is not known."""
        found = self.checks.get(identity)
        if found is None or not self._is_older(path) or None in map(self.fact, found.facts):
            return None
        return found

    def fact(self, name: str) -> AskedFact | None:
        """Return what the collector of a fact asks for, ``None`` if that is not known."""
        if name not in self._current:
            found = self.facts.get(name)
            self._current[name] = found if found is not None and self._is_older(found.collector) else None
        return self._current[name]

    def _is_older(self, path: str) -> bool:
        """Whether a source exists and has not been changed since; nothing changes in an archive."""
        if self.time == math.inf:
            return True
        try:
            return os.stat(path).st_mtime <= self.time + _GRACE_S
        except OSError:
            return False


@cache
def table() -> AskedTable:
    """Return the table; an empty one if it is missing."""
    try:
        with open(TABLE, encoding="utf-8") as stream:
            return AskedTable(stream.read(), os.fstat(stream.fileno()).st_mtime)
    except OSError:
        return AskedTable(_archived(), math.inf)


def _archived() -> str:
    """Return the table's text from an archive of doctor."""
    read = getattr(getattr(__spec__, "loader", None), "get_data", None)
    try:
        return "" if read is None else str(read(TABLE), "utf-8")
    except OSError:
        return ""
