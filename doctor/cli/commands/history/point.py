"""Finds a kept scan by its name: a number, or a time: 12, last, 2026-11-30, 7d."""

import datetime as dt
import math
import re

from msgspec import Struct

from doctor.history.store import History, KeptScan, Wanted
from doctor.model.errors import DoctorError, UsageError

NOTHING = "no scan of this user is kept yet"
"""A user who is not root has a separate history, and is warned first that root's is not readable."""
_UNITS_S = {"h": 3600, "d": 86400, "w": 7 * 86400}
_WRITE = "write a scan's number, 2026-11-30, '2026-11-30 02:00' or 7d"
_LONGEST = 18


class Point(Struct, frozen=True):
    """A scan's number, or a time in seconds since the epoch; a day is as long as it is."""

    number: int | None = None
    first: float = 0.0
    last: float = math.inf


def point(word: str, now: float) -> Point:
    """Return what a word names; raises ``UsageError``.

    >>> point("12", 0).number, point("2026-11-30", 0).last - point("2026-11-30", 0).first, point("7d", 1_800_000_000).first
    (12, 86399.0, 1799395200)
    """
    if word.isascii() and word.isdigit():
        return Point(int(word[:_LONGEST]))
    aged = re.fullmatch(r"([0-9]{1,6})([hdw])", word)
    if aged is not None:
        when = now - int(aged[1]) * _UNITS_S[aged[2]]
        return Point(None, when, when)
    try:
        found = dt.datetime.fromisoformat(word.removesuffix(" UTC"))
    except ValueError:
        raise UsageError(f"'{word}' is neither a scan's number nor a time", do=_WRITE) from None
    start = found.replace(tzinfo=found.tzinfo or dt.UTC).timestamp()
    return Point(None, start, start + _length(word))


def _length(word: str) -> float:
    """Return how many seconds a time names beyond its first: those of its day or minute."""
    is_day = re.fullmatch(r"[0-9W-]+", word) is not None
    return 86399.0 if is_day else 59.0 if word.count(":") == 1 else 0.0


def between(since: str, until: str, now: float) -> Wanted:
    """Return the selection of ``--since`` and ``--until``, both inclusive."""
    first = point(since, now) if since else Point()
    last = point(until, now) if until else Point()
    return Wanted(
        first=first.number or 0,
        last=last.number,
        after=first.first if first.number is None else 0.0,
        before=last.last if last.number is None else math.inf,
    )


def one(history: History, word: str, host: str, now: float) -> KeptScan:
    """Return the scan that a word names: by number, "last", or the latest one up to a time. Raises ``DoctorError``."""
    chosen = Wanted(host=host, limit=1)
    if word not in {"", "last"}:
        named = point(word, now)
        chosen = Wanted(
            host=host,
            first=named.number or 0,
            last=named.number,
            before=math.inf if named.number is not None else named.last,
            limit=1,
        )
    found = history.find(chosen)
    if found:
        return found[0]
    if history.notes:
        raise DoctorError("; ".join(history.notes))
    of_host = f" of host {host}" if host else ""
    if history.find(Wanted(limit=1)):
        what = f"scan {word} is not kept" if word.isdigit() else f"no scan{of_host} up to {word or 'now'} is kept"
        raise DoctorError(what, do="'doctor history list' shows the kept scans")
    raise DoctorError(NOTHING, do="run 'doctor scan' first")
