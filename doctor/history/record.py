"""Adds a scan to the history, and to the lives of its findings."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from doctor.history import life_table, retention
from doctor.history.body import pack, unpack
from doctor.history.lives import Life, advance
from doctor.model.errors import FormatError
from doctor.model.report import HostInfo, ScanReport, summary
from doctor.state.settings import Keep

if TYPE_CHECKING:
    import sqlite3

_FILLED = 400
"""Scans of an older doctor whose findings get a life: more than a year of days, in less than a second."""


def insert(
    connection: "sqlite3.Connection",
    report: ScanReport,
    keep: Keep,
    *,
    now: float | None = None,
    checks: Iterable[str] = (),
    renamed: Callable[[], Mapping[str, str]] = dict,
) -> tuple[int, ScanReport]:
    """Store a scan, and drop others beyond the limits; return its number, and the report with what is known about its findings."""
    place = place_of(report.host)
    with connection:
        # Two scans at once are one after the other: each sees the findings of all before it.
        connection.execute("BEGIN IMMEDIATE")
        follow(connection, report.host)
        life_table.rename(connection, checks, renamed)
        shown, lives = advanced(connection, report)
        counts = summary(shown) | {"state": shown.verdict.state.value}
        change = shown.change
        if change is not None and change.since is not None:
            counts |= {
                "plus": change.plus,
                "minus": change.minus,
                "worse": len(change.worse),
                "accepted": len(change.waived),
            }
        number = connection.execute(
            "INSERT INTO scan (host, root, started, exit_code, counts, body) VALUES (?, ?, ?, ?, ?, ?)",
            (*place, report.started, report.exit_code, json.dumps(counts), pack(shown)),
        ).lastrowid
        life_table.write(connection, place, lives, number or 0)
        retention.drop(connection, keep, time.time() if now is None else now)
    retention.shrink(connection)
    return number or 0, shown


def advanced(connection: "sqlite3.Connection", report: ScanReport) -> tuple[ScanReport, dict[str, Life]]:
    """Return the report with what is known about its findings, and the lives that change."""
    place = place_of(report.host)
    last = connection.execute(
        "SELECT started FROM scan NOT INDEXED WHERE host = ? AND root = ? ORDER BY number DESC LIMIT 1", place
    ).fetchone()
    lives = life_table.read(connection, place, [finding.fingerprint for finding in report.findings])
    return advance(lives, report, None if last is None else last[0])


def follow(connection: "sqlite3.Connection", host: HostInfo) -> None:
    """Give the earlier scans of this host, and the lives of its findings, the name that it has now.

    It was renamed if the newest scan has its id (docs/decisions/0067) and another name. Its reports keep the name of their day.
    """
    name, root = place_of(host)
    newest = connection.execute(
        "SELECT number, host FROM scan NOT INDEXED WHERE root = ? ORDER BY number DESC LIMIT 1", (root,)
    ).fetchone()
    if newest is None or newest[1] == name or not host.id:
        return
    (body,) = connection.execute("SELECT body FROM scan WHERE number = ?", newest[:1]).fetchone()
    try:
        if unpack(bytes(body)).host.id != host.id:
            return
    except FormatError:
        return
    connection.execute("UPDATE scan SET host = ? WHERE host = ? AND root = ?", (name, newest[1], root))
    # Lives that the name had before are older.
    connection.execute("UPDATE OR REPLACE life SET host = ? WHERE host = ? AND root = ?", (name, newest[1], root))


def fill(connection: "sqlite3.Connection") -> None:
    """Compute the lives from the scans of a doctor that kept none."""
    rows = connection.execute("SELECT number, body FROM scan ORDER BY number DESC LIMIT ?", (_FILLED,)).fetchall()
    for number, body in reversed(rows):
        try:
            report = unpack(bytes(body))
        except FormatError:
            continue
        life_table.write(connection, place_of(report.host), advanced(connection, report)[1], number)


def place_of(host: HostInfo) -> tuple[str, str]:
    """Return what a host is known by: its name and root, with undecodable bytes escaped."""
    return escaped(host.name), escaped(host.root)


def escaped(name: str) -> str:
    """Return a name with its undecodable bytes escaped."""
    return name.encode("utf-8", "backslashreplace").decode()
