"""Drops scans beyond the limits of the settings, and returns their space to the file system."""

from typing import TYPE_CHECKING

from doctor.history.life_table import forget
from doctor.state.clock import DAY_S, believable
from doctor.state.settings import Keep

if TYPE_CHECKING:
    import sqlite3

_MIB = 1 << 20
_MOST = 1 << 62
"""SQLite knows no larger numbers; the settings may."""
_SPARE_BYTES = 4 * _MIB
"""Free pages up to this size stay in the file: the next scans use them."""


def drop(connection: "sqlite3.Connection", keep: Keep, now: float) -> None:
    """Drop scans that are too many or too old, the oldest ones of a file that is too large, and lives that no scan is left of.

    The newest scan of each host stays.
    """
    before = connection.total_changes
    _too_old(connection, keep, now)
    _too_many(connection, keep)
    if connection.total_changes > before:
        forget(connection)
    _too_large(connection, keep)


def shrink(connection: "sqlite3.Connection") -> None:
    """Return free pages to the file system. It needs no space itself, so it also works on a full disk."""
    size, free = _figure(connection, "page_size"), _figure(connection, "freelist_count")
    if free * size > _SPARE_BYTES:
        # The pragma gives a row without columns for each page. ``execute`` of Python 3.11 and 3.12 ends at the first one.
        connection.executescript(f"PRAGMA incremental_vacuum({free - _SPARE_BYTES // size})")


def _too_old(connection: "sqlite3.Connection", keep: Keep, now: float) -> None:
    """Drop scans that are too old, each host's days counted from scan to scan: a clock jump drops nothing."""
    oldest = now - keep.days * DAY_S
    if connection.execute("SELECT 1 FROM scan WHERE started < ? LIMIT 1", (oldest,)).fetchone() is None:
        return
    later: dict[tuple[str, str], tuple[float, float]] = {}
    for number, host, root, started in connection.execute(
        "SELECT number, host, root, started FROM scan ORDER BY number DESC"
    ).fetchall():
        after, elapsed = later.get((host, root), (now, 0.0))
        elapsed += believable(after - started)
        is_newest = (host, root) not in later
        later[host, root] = (started, elapsed)
        if elapsed > keep.days * DAY_S and not is_newest:
            connection.execute("DELETE FROM scan WHERE number = ?", (number,))


def _too_many(connection: "sqlite3.Connection", keep: Keep) -> None:
    for host, root, count in connection.execute(
        "SELECT host, root, count(*) FROM scan GROUP BY host, root HAVING count(*) > ?",
        (min(keep.scans, _MOST),),
    ).fetchall():
        connection.execute(
            "DELETE FROM scan WHERE number IN"
            " (SELECT number FROM scan WHERE host = ? AND root = ? ORDER BY number LIMIT ?)",
            (host, root, count - keep.scans),
        )


def _too_large(connection: "sqlite3.Connection", keep: Keep) -> None:
    """Drop the older half of the scans, the newest of each host apart, until the rest fits; usually once in years."""
    while _used(connection) > keep.max_mib * _MIB:
        before = connection.total_changes
        connection.execute(
            "DELETE FROM scan WHERE number IN (SELECT number FROM scan ORDER BY number"
            " LIMIT (SELECT (count(*) + 1) / 2 FROM scan))"
            " AND number NOT IN (SELECT max(number) FROM scan GROUP BY host, root)"
        )
        if connection.total_changes == before:
            return
        forget(connection)


def _used(connection: "sqlite3.Connection") -> int:
    pages = _figure(connection, "page_count") - _figure(connection, "freelist_count")
    return pages * _figure(connection, "page_size")


def _figure(connection: "sqlite3.Connection", name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
