"""The database of earlier scans, ``history.db`` in the state directory.

It uses a rollback journal, not a write-ahead log: a scan writes one row, and the log's shared-memory file can't be
created in a read-only state directory. Errors never fail a scan: they become notes.
"""

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Self, TypeVar

from msgspec import Struct

from doctor.history.body import unpack
from doctor.history.damage import set_aside
from doctor.history.record import advanced, escaped, fill, insert, place_of
from doctor.history.schema import VERSION, address, copied, migrate, version_of
from doctor.model.errors import DoctorError, FormatError
from doctor.model.report import HistoryRow, HostInfo, ScanReport
from doctor.state.clock import is_time
from doctor.state.files import ensure_dir
from doctor.state.paths import state_dir
from doctor.state.settings import Keep
from doctor.state.trust import refuse_weak

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

NAME = "history.db"
_PATIENCE_S = 2.0
"""How long another doctor's write is waited for: it takes milliseconds."""
_LOSS = "this scan is not kept"


class KeptScan(Struct, frozen=True, kw_only=True):
    """A scan that can be named.

    Attributes:
        host, root: the host's name, and the examined root.
        started: seconds since the epoch.
        counts: findings by severity, then checks, as in the summary of the JSON format.
        state: the word of the verdict, "" for a scan of an older doctor.
        plus, minus, worse, accepted: how many findings are new, gone, worse or newly waived; ``None`` without a scan before.
    """

    number: int
    host: str
    root: str
    started: float
    counts: dict[str, int]
    exit_code: int
    state: str = ""
    plus: int | None = None
    minus: int | None = None
    worse: int | None = None
    accepted: int | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """A selection of scans; its defaults select all.

    Attributes:
        host, root: "" for any.
        first, last: numbers; ``after``, ``before``: times of the start. All inclusive.
        limit: how many of the newest, -1 for all.
    """

    host: str = ""
    root: str = ""
    first: int = 0
    last: int | None = None
    after: float = 0.0
    before: float = math.inf
    limit: int = -1


class History:
    """Earlier scans. ``notes`` collects remarks for the reader; no method raises for the content of the disk.

    ``sqlite3`` is imported at first use; reading a missing history creates no file.
    """

    def __init__(self, directory: str | None = None) -> None:
        self.path = os.path.join(state_dir() if directory is None else directory, NAME)
        self.notes: list[str] = []
        self._connection: sqlite3.Connection | None = None
        self._patience_s = _PATIENCE_S
        self._is_copy = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def record(self, report: ScanReport, keep: Keep = Keep(), *, now: float | None = None) -> int | None:  # noqa: B008 - Keep is frozen
        """Store a scan and drop scans beyond the limits; return its number, ``None`` (and a note) on failure."""
        kept = self._with(lambda connection: insert(connection, report, keep, now=now), _LOSS, writes=True)
        return None if kept is None else kept[0]

    def keep(
        self,
        report: ScanReport,
        keep: Keep = Keep(),  # noqa: B008 - it is frozen
        *,
        checks: Iterable[str] = (),
        renamed: Callable[[], Mapping[str, str]] = dict,
    ) -> ScanReport:
        """Store a scan; return it with what earlier scans know about its findings, also if it can't be stored.

        ``checks`` are the ids of all checks; ``renamed`` maps former ids to them.
        """

        def add(connection: "sqlite3.Connection") -> tuple[int, ScanReport]:
            return insert(connection, report, keep, checks=checks, renamed=renamed)

        kept = self._with(add, _LOSS, writes=True)
        if kept is not None:
            return kept[1]
        read = self._with(lambda connection: advanced(connection, report)[0], "earlier scans are not shown")
        return report if read is None else read

    def rows(self, host: HostInfo, limit: int = 60, *, before: int | None = None) -> tuple[HistoryRow, ...]:
        """Return the latest scans of a host as a chart wants them, oldest first; only those before scan ``before``."""
        name, root = place_of(host)
        chosen = Wanted(host=name, root=root, last=None if before is None else before - 1, limit=limit)
        return tuple(
            HistoryRow(started=kept.started, counts=kept.counts, exit_code=kept.exit_code)
            for kept in reversed(self.find(chosen))
        )

    def scans(self, host: HostInfo | None = None, limit: int = 60) -> tuple[KeptScan, ...]:
        """Return the latest scans, of one host or of all, oldest first."""
        name, root = ("", "") if host is None else place_of(host)
        return tuple(reversed(self.find(Wanted(host=name, root=root, limit=limit))))

    def find(self, chosen: Wanted) -> tuple[KeptScan, ...]:
        """Return the scans of a selection, newest first."""
        name = escaped(chosen.host)

        def select(connection: "sqlite3.Connection") -> tuple[KeptScan, ...]:
            found = connection.execute(
                "SELECT number, host, root, started, counts, exit_code FROM scan"
                " WHERE (? = '' OR host = ?) AND (? = '' OR root = ?)"
                " AND number >= ? AND (? IS NULL OR number <= ?) AND started >= ? AND started <= ?"
                " ORDER BY number DESC LIMIT ?",
                (
                    *(name, name, chosen.root, chosen.root),
                    *(chosen.first, chosen.last, chosen.last, chosen.after, chosen.before, chosen.limit),
                ),
            )
            return tuple(_kept(row) for row in found if is_time(row[3]))

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
            self._note(f"scan {number}: {error}")
            return None

    def _note(self, text: str) -> None:
        # One fault concerns several questions of a scan.
        if text not in self.notes:
            self.notes.append(text)

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
                self._note(f"{loss}: {error}")
                return None
            except (sqlite3.Error, OSError) as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                if code == sqlite3.SQLITE_BUSY:
                    # A lock that is held so long will not end within this scan.
                    self._patience_s = 0.0
                    self.__exit__()
                if attempt or code not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                    self._note(f"{loss}: {self.path}: {error}")
                    return None
                self.__exit__()
                if not self._set_aside(str(error), loss):
                    return None
            except (TypeError, ValueError, OverflowError) as error:
                # Tables with today's names and other types, by another program or hand.
                self._note(f"{loss}: {self.path}: its content is invalid: {error}")
                return None
        return None

    def _open(self, *, writes: bool) -> "sqlite3.Connection | None":
        import sqlite3  # noqa: PLC0415

        if self._connection is not None:
            if writes and self._is_copy:
                raise self._unwritable()
            return self._connection
        if writes:
            ensure_dir(os.path.dirname(self.path))
            # SQLite would create it with the umask, and gives its journal the mode of the database.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        elif not os.path.exists(self.path):
            return None
        refuse_weak(self.path, "the history")
        self._connection = sqlite3.connect(address(self.path), uri=True, timeout=self._patience_s)
        try:
            self._connection.execute("PRAGMA trusted_schema = OFF")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._bring_up(writes=writes)
            self._connection.text_factory = _text
        except BaseException:
            self.__exit__()
            raise
        return self._connection

    def _unwritable(self) -> DoctorError:
        return DoctorError("an older doctor wrote the history, and its file can't be written", where=self.path)

    def _bring_up(self, *, writes: bool) -> None:
        """Give the database today's tables; one that can't be written is copied into memory first."""
        connection = self._connection
        if connection is None:
            return
        version = version_of(connection, self.path)
        if version == VERSION:
            return
        if not os.access(self.path, os.W_OK) or not os.access(os.path.dirname(self.path), os.W_OK):
            if writes:
                raise self._unwritable()
            self._connection, self._is_copy = copied(connection), True
            connection = self._connection
        if not version:
            # Only an empty database takes it: free pages can then be returned without a copy of the file.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        with connection:
            if migrate(connection, self.path) == 1:
                fill(connection)

    def _set_aside(self, problem: str, loss: str) -> bool:
        try:
            aside = set_aside(self.path)
        except OSError as error:
            self._note(f"{loss}: {self.path}: {problem}; it can't be renamed: {error.strerror}")
            return False
        self._note(f"the history was corrupt ({problem}) and is kept as {aside}; a new one was created")
        return True


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _kept(row: tuple[int, str, str, float, str, int]) -> KeptScan:
    number, host, root, started, counts, exit_code = row
    found = _counts(counts)
    figures = {key: value for key, value in found.items() if isinstance(value, int)}
    state = found.get("state")
    return KeptScan(
        number=number,
        host=host,
        root=root,
        started=started,
        counts=figures,
        exit_code=exit_code,
        state=state if isinstance(state, str) else "",
        plus=figures.pop("plus", None),
        minus=figures.pop("minus", None),
        worse=figures.pop("worse", None),
        accepted=figures.pop("accepted", None),
    )


def _counts(text: str) -> dict[str, object]:
    try:
        counts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return counts if isinstance(counts, dict) else {}
