"""The lives of findings in the database of the history."""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from doctor.history.lives import Life
from doctor.state.clock import is_time

if TYPE_CHECKING:
    import sqlite3

_AT_ONCE = 500


def read(connection: "sqlite3.Connection", place: tuple[str, str], fingerprints: Iterable[str]) -> dict[str, Life]:
    """Return the lives of one host: of each finding that is there, and of these, by fingerprint. ``place`` is host and root."""
    found: dict[str, Life] = {}
    _add(
        found,
        # Gone findings may be thousands (names of short-lived containers): without the hint, all are read.
        connection.execute(
            "SELECT fingerprint, body FROM life INDEXED BY life_there WHERE host = ? AND root = ? AND is_there = 1",
            place,
        ),
    )
    wanted = [key for key in fingerprints if key not in found]
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        _add(
            found,
            connection.execute(
                f"SELECT fingerprint, body FROM life WHERE host = ? AND root = ? AND fingerprint IN ({marks})",  # noqa: S608 - only marks
                (*place, *some),
            ),
        )
    return found


def write(connection: "sqlite3.Connection", place: tuple[str, str], lives: Mapping[str, Life], number: int) -> None:
    """Store lives that scan ``number`` changed."""
    connection.executemany(
        "INSERT INTO life (host, root, fingerprint, id, is_there, last, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET is_there = excluded.is_there, body = excluded.body,"
        " last = CASE WHEN excluded.is_there THEN excluded.last ELSE last END",
        [(*place, key, life.finding.id, int(life.is_there), number, _packed(life)) for key, life in lives.items()],
    )


def forget(connection: "sqlite3.Connection") -> None:
    """Drop the lives of findings that no kept scan has found."""
    for host, root, oldest in connection.execute(
        "SELECT host, root, min(number) FROM scan GROUP BY host, root"
    ).fetchall():
        connection.execute("DELETE FROM life WHERE host = ? AND root = ? AND last < ?", (host, root, oldest))


def rename(connection: "sqlite3.Connection", checks: Iterable[str], renamed: Callable[[], Mapping[str, str]]) -> None:
    """Give the lives of checks that are called otherwise now their present ids, and so their fingerprints.

    ``checks`` are the ids of today; ``renamed`` is slow, so it is asked only if they are others than last time, and one is missing.
    """
    known = frozenset(checks)
    mark = zlib.crc32("\n".join(sorted(known)).encode("utf-8", "surrogatepass"))
    if not known or connection.execute("SELECT 1 FROM searched WHERE checks = ?", (mark,)).fetchone():
        return
    connection.execute("DELETE FROM searched")
    connection.execute("INSERT INTO searched (checks) VALUES (?)", (mark,))
    ids = [identity for (identity,) in connection.execute("SELECT DISTINCT id FROM life")]
    gone = [identity for identity in ids if identity not in known and not identity.startswith("probe/")]
    now = renamed() if gone else {}
    for identity in gone:
        if identity in now:
            _move(connection, identity, now[identity])


def _move(connection: "sqlite3.Connection", old: str, new: str) -> None:
    rows = connection.execute(
        "SELECT host, root, fingerprint, is_there, last, body FROM life WHERE id = ?", (old,)
    ).fetchall()
    connection.execute("DELETE FROM life WHERE id = ?", (old,))
    for host, root, fingerprint, is_there, last, body in rows:
        found: dict[str, Life] = {}
        _add(found, [(fingerprint, body)])
        for life in found.values():
            finding = replace(life.finding, id=new)
            connection.execute(
                "INSERT OR IGNORE INTO life (host, root, fingerprint, id, is_there, last, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (host, root, finding.fingerprint, new, is_there, last, _packed(replace(life, finding=finding))),
            )


def _packed(life: Life) -> str:
    # json escapes lone surrogates, as in the body of a scan.
    return json.dumps(msgspec.to_builtins(life), separators=(",", ":"))


def _add(found: dict[str, Life], rows: Iterable[tuple[str, str]]) -> None:
    for fingerprint, body in rows:
        # An unreadable row is as none: the finding begins again.
        with suppress(ValueError, RecursionError):
            life = msgspec.convert(json.loads(body), Life)
            if is_time(life.seen.first) and is_time(life.seen.since):
                found[fingerprint] = life
