"""The database of earlier scans, ``history.db`` in the state directory.

It uses a rollback journal, not a write-ahead log: a scan writes one row, and the log's shared-memory file can't be
created in a read-only state directory. Errors never fail a scan: they become notes.
"""

import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self, TypeVar

from msgspec import Struct

from doctor.history.body import pack, unpack
from doctor.history.changes import FindingChanges, changes
from doctor.model.errors import DoctorError, FormatError
from doctor.model.report import HistoryRow, HostInfo, ScanReport, summary
from doctor.state.clock import DAY_S, believable
from doctor.state.files import ensure_dir
from doctor.state.paths import state_dir
from doctor.state.settings import Keep
from doctor.state.trust import refuse_weak

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

NAME = "history.db"

# One entry a version of the schema, run in order on a database that is older. Never edited, only appended to.
_MIGRATIONS = (
    """
    CREATE TABLE scan (
        number INTEGER PRIMARY KEY,
        host TEXT NOT NULL,
        root TEXT NOT NULL,
        started REAL NOT NULL,
        exit_code INTEGER NOT NULL,
        counts TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX scan_by_host ON scan (host, root, started);
    """,
)


class KeptScan(Struct, frozen=True, kw_only=True):
    """A scan that can be named: its number, host, examined root, start (seconds since the epoch), counts, exit code."""

    number: int
    host: str
    root: str
    started: float
    counts: dict[str, int]
    exit_code: int


class History:
    """Earlier scans. ``notes`` collects remarks for the reader; no method raises for the content of the disk.

    ``sqlite3`` is imported at first use; reading a missing history creates no file.
    """

    def __init__(self, directory: str | None = None) -> None:
        self.path = os.path.join(state_dir() if directory is None else directory, NAME)
        self.notes: list[str] = []
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def record(self, report: ScanReport, keep: Keep = Keep(), *, now: float | None = None) -> int | None:  # noqa: B008 - Keep is frozen
        """Store a scan and drop scans beyond the limits; return its number, ``None`` (and a note) on failure."""
        row = (
            report.host.name.encode("utf-8", "backslashreplace").decode(),
            report.host.root.encode("utf-8", "backslashreplace").decode(),
            report.started,
            report.exit_code,
            json.dumps(summary(report)),
            pack(report),
        )

        def insert(connection: "sqlite3.Connection") -> int:
            with connection:
                cursor = connection.execute(
                    "INSERT INTO scan (host, root, started, exit_code, counts, body) VALUES (?, ?, ?, ?, ?, ?)", row
                )
                self._drop_old(connection, keep, time.time() if now is None else now)
                connection.execute(
                    "DELETE FROM scan WHERE host = ? AND root = ? AND number NOT IN"
                    " (SELECT number FROM scan WHERE host = ? AND root = ? ORDER BY number DESC LIMIT ?)",
                    (*row[:2], *row[:2], keep.scans),
                )
            return int(cursor.lastrowid or 0)

        return self._with(insert, "this scan is not kept", writes=True)

    def _drop_old(self, connection: "sqlite3.Connection", keep: Keep, now: float) -> None:
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
            later[host, root] = (started, elapsed)
            if elapsed > keep.days * DAY_S:
                connection.execute("DELETE FROM scan WHERE number = ?", (number,))

    def rows(self, host: HostInfo, limit: int = 60) -> tuple[HistoryRow, ...]:
        """Return the latest scans of a host as a chart wants them, oldest first."""
        return tuple(
            HistoryRow(started=kept.started, counts=kept.counts, exit_code=kept.exit_code)
            for kept in self.scans(host, limit)
        )

    def scans(self, host: HostInfo | None = None, limit: int = 60) -> tuple[KeptScan, ...]:
        """Return the latest scans, of one host or of all, oldest first."""

        def select(connection: "sqlite3.Connection") -> tuple[KeptScan, ...]:
            found = connection.execute(
                "SELECT number, host, root, started, counts, exit_code FROM scan"
                " WHERE ? IS NULL OR (host = ? AND root = ?) ORDER BY number DESC LIMIT ?",
                (*_names(host), limit),
            )
            return tuple(
                KeptScan(number=number, host=name, root=root, started=started, counts=_counts(counts), exit_code=code)
                for number, name, root, started, counts, code in reversed(found.fetchall())
            )

        return self._with(select, "earlier scans are not shown") or ()

    def last(self, host: HostInfo | None = None) -> ScanReport | None:
        """Return the latest scan, of one host or of any; ``None`` without one."""
        found = self.scans(host, 1)
        return self.named(found[0].number) if found else None

    def named(self, number: int) -> ScanReport | None:
        """Return the scan with this number; ``None`` if it does not exist, or (with a note) if it can't be read."""

        def select(connection: "sqlite3.Connection") -> bytes | None:
            found = connection.execute("SELECT body FROM scan WHERE number = ?", (number,)).fetchone()
            return None if found is None else bytes(found[0])

        body = self._with(select, f"scan {number} is not shown")
        if body is None:
            return None
        try:
            return unpack(body)
        except FormatError as error:
            self.notes.append(f"scan {number}: {error}")
            return None

    def since_last(self, report: ScanReport, renamed: dict[str, str] | None = None) -> FindingChanges:
        """Compare a scan that is not yet kept with the latest one of the same host."""
        return changes(self.last(report.host), report, renamed)

    def _with(self, use: "Callable[[sqlite3.Connection], T]", loss: str, *, writes: bool = False) -> T | None:
        """Run ``use`` on the database; an error becomes a note that starts with ``loss``.

        A corrupt database is renamed, and a new one is created.
        """
        import sqlite3  # noqa: PLC0415 - costs 15 ms

        for attempt in range(2):
            try:
                connection = self._open(writes=writes)
                return None if connection is None else use(connection)
            except DoctorError as error:
                self.notes.append(f"{loss}: {error}")
                return None
            except (sqlite3.DatabaseError, OSError) as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                if attempt or code not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                    self.notes.append(f"{loss}: {self.path}: {error}")
                    return None
                self.__exit__()
                if not self._set_aside(str(error), loss):
                    return None
        return None

    def _open(self, *, writes: bool) -> "sqlite3.Connection | None":
        import sqlite3  # noqa: PLC0415

        if self._connection is not None:
            return self._connection
        if writes:
            ensure_dir(os.path.dirname(self.path))
            # SQLite would create it with the umask, and gives its journal the mode of the database.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        elif not os.path.exists(self.path):
            return None
        refuse_weak(self.path, "the history")
        mode = "rw" if os.access(self.path, os.W_OK) else "ro"
        connection = sqlite3.connect(f"file:{_quoted(self.path)}?mode={mode}", uri=True, timeout=5)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA synchronous = FULL")
            _migrate(connection, self.path)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _set_aside(self, problem: str, loss: str) -> bool:
        """Rename a damaged database; the process id distinguishes renames in the same second."""
        aside = f"{self.path}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
        try:
            os.rename(self.path, aside)
            # Its journal would be applied to the new one.
            if os.path.exists(f"{self.path}-journal"):
                os.rename(f"{self.path}-journal", f"{aside}-journal")
        except OSError as error:
            self.notes.append(f"{loss}: {self.path}: {problem}; it can't be renamed: {error.strerror}")
            return False
        self.notes.append(f"the history was corrupt ({problem}) and is kept as {aside}; a new one was created")
        return True


def _migrate(connection: "sqlite3.Connection", path: str) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(_MIGRATIONS):
        raise DoctorError("a newer doctor wrote this history", where=path, do="use that doctor")
    if version == len(_MIGRATIONS):
        return
    # IMMEDIATE: two doctors at once must not both see version 0.
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(_MIGRATIONS[version:], version + 1):
        for statement in script.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.commit()


def _names(host: HostInfo | None) -> tuple[str | None, str | None, str | None]:
    if host is None:
        return None, None, None
    name = host.name.encode("utf-8", "backslashreplace").decode()
    return name, name, host.root.encode("utf-8", "backslashreplace").decode()


def _counts(text: str) -> dict[str, int]:
    try:
        counts = json.loads(text)
    except ValueError:
        return {}
    return (
        {str(key): value for key, value in counts.items() if isinstance(value, int)} if isinstance(counts, dict) else {}
    )


def _quoted(path: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - sqlite3 is imported with it

    return quote(path)
