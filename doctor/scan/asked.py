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
    """Checks by id, facts by name; ``time`` is when the table was written. A line is read when it is asked for."""

    def __init__(self, text: str = "", time: float = 0.0) -> None:
        self.time = time
        self.lines: dict[str, str] = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
        self._current: dict[str, bool] = {}

    def check(self, identity: str) -> AskedCheck | None:
        """Return what a check asks for, ``None`` if that is not known. It is true if the check's source ``is_older``."""
        line = self.lines.get(identity)
        if line is None:
            return None
        words = line.split(" ")
        is_deep = words[0] == DEEP
        found = AskedCheck(tuple(words[1:] if is_deep else words), is_deep)
        return found if all(name in self.lines for name in found.facts) else None

    def fact(self, name: str) -> AskedFact:
        """Return what the collector of a fact asks for."""
        module, *facts = self.lines[name].split(" ")
        return AskedFact(module, tuple(facts))

    def is_older(self, path: str) -> bool:
        """Whether a source exists and has not been changed since; nothing changes in an archive."""
        if self.time == math.inf:
            return True
        if path not in self._current:
            try:
                self._current[path] = os.stat(path).st_mtime <= self.time + _GRACE_S
            except OSError:
                self._current[path] = False
        return self._current[path]


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
