"""Reads ``doctor.toml``, the settings of this host's administrator. An unknown key is an error, never ignored."""

import os
import stat
from typing import Any

from msgspec import Struct, field

from doctor.model.errors import UsageError
from doctor.model.severity import Applicability, Severity
from doctor.state.paths import CONFIG, config_file, state_dir
from doctor.state.trust import refuse_weak

EVERY = ("hourly", "daily", "weekly")
_LIMIT_BYTES = 1 << 20


class Waiver(Struct, frozen=True, kw_only=True):
    """A waiver: a finding that the user accepts.

    Attributes:
        id: the check's id, or one it had before.
        subject: name of the finding's subject; "" for every subject.
        reason: why; shown with the finding.
        expires: the last day it applies, ISO 8601; "" for never.
    """

    id: str
    subject: str = ""
    reason: str
    expires: str = ""


class Places(Struct, frozen=True, kw_only=True):
    """Files that a scheduled scan writes: the HTML report, and metrics for node_exporter's textfile collector ("":
    none).
    """

    html: str
    prometheus: str = ""


class Schedule(Struct, frozen=True, kw_only=True):
    """How often ``doctor schedule install`` has the host scanned, and whether test containers are launched each time."""

    every: str = "daily"
    probe: bool = False


class Keep(Struct, frozen=True, kw_only=True):
    """How long scans stay in the history: days, and at most so many of one host."""

    days: int = 400
    scans: int = 2000


class KeepMetadata(Struct, frozen=True, kw_only=True):
    """The metadata backup of a healthy data root: whether it is made, and its limits.

    Attributes:
        keep: false turns it off; existing backups stay.
        max_mib: on disk, all backups together.
        days: how long an older backup is kept; the newest always is.
        generations: how many are kept.
    """

    keep: bool = True
    max_mib: int = 256
    days: int = 90
    generations: int = 7


class Settings(Struct, frozen=True, kw_only=True):
    """All settings of ``doctor.toml``, with their defaults.

    Attributes:
        path: the file it was read from, "" without one.
        fail_on: findings at or above it make a scan exit with 1.
        allow: the highest risk of a repair by default.
        skip: ids and areas that a scan skips.
        plugins: distributions that may be loaded, ``name`` or ``name==version``.
    """

    path: str = ""
    fail_on: Severity = Severity.WARNING
    allow: Applicability = Applicability.SAFE
    skip: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    plugins: tuple[str, ...] = ()
    report: Places = field(default_factory=lambda: Places(html=os.path.join(state_dir(), "report.html")))
    schedule: Schedule = Schedule()
    keep: Keep = Keep()
    metadata: KeepMetadata = KeepMetadata()


def load() -> Settings:
    """Return the settings in force.

    Raises ``UsageError`` for an unknown setting, with its place and the remedy, and ``RefusedError`` if root would use
    a file that others can write: it may allow plugins.
    """
    path = config_file()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        if path == CONFIG:
            return Settings()
        raise UsageError("there is no settings file", where=path, do="correct DOCTOR_CONFIG or unset it") from None
    except OSError as error:
        if path == CONFIG and isinstance(error, PermissionError):
            return Settings()
        raise UsageError(f"can't read the settings: {error.strerror}", where=path) from error
    try:
        _check_owner(path, os.fstat(descriptor))
        with open(descriptor, "rb", closefd=False) as stream:
            return parse(stream.read(_LIMIT_BYTES + 1), path)
    finally:
        os.close(descriptor)


def _check_owner(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UsageError("the settings file is not a regular file", where=path)
    if os.geteuid() == 0:
        refuse_weak(path, "the settings file")


def parse(data: bytes, path: str) -> Settings:
    """Parse the text of a settings file. Raises ``UsageError``."""
    if len(data) > _LIMIT_BYTES:
        raise UsageError("the settings are larger than 1 MiB", where=path)
    if all(not line or line.startswith(b"#") for line in map(bytes.strip, data.split(b"\n"))):
        # No settings: the sample with every line commented out.
        return _settings(_Table({}, path))
    import tomllib  # noqa: PLC0415 - costs 10 ms

    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"can't parse the settings: {error}", where=path, do="correct the file") from error
    return _settings(_Table(table, path))


def _settings(top: "_Table") -> Settings:
    report, schedule = top.table("report"), top.table("schedule")
    history, plugins, metadata = top.table("history"), top.table("plugins"), top.table("metadata")
    waivers = tuple(_waiver(entry) for entry in top.tables("waiver"))
    defaults = Settings()
    settings = Settings(
        path=top.path,
        fail_on=Severity.parse(top.word("fail-on", "warning", tuple(level.word for level in Severity))),
        allow=Applicability.parse(top.word("allow", "safe", ("safe", "disruptive", "destructive"))),
        skip=top.words("skip"),
        waivers=waivers,
        plugins=plugins.words("allow"),
        report=Places(
            html=report.file("html", defaults.report.html),
            prometheus=report.file("prometheus", ""),
        ),
        schedule=Schedule(every=schedule.word("every", "daily", EVERY), probe=schedule.flag("probe")),
        keep=Keep(days=history.number("keep-days", 400), scans=history.number("keep-scans", 2000)),
        metadata=KeepMetadata(
            keep=metadata.flag("keep", default=True),
            max_mib=metadata.number("max-mib", 256),
            days=metadata.number("days", 90),
            generations=metadata.number("generations", 7),
        ),
    )
    for table in (top, report, schedule, history, plugins, metadata):
        table.finish()
    return settings


def _waiver(entry: "_Table") -> Waiver:
    waiver = Waiver(
        id=entry.text("id"),
        subject=entry.text("subject", ""),
        reason=entry.text("reason"),
        expires=entry.day("expires"),
    )
    entry.finish()
    return waiver


class _Table:
    """One table of the file: each known key is read once, and ``finish`` rejects the rest."""

    def __init__(self, table: dict[str, Any], path: str, name: str = "") -> None:
        # Both spellings are in use; the documentation uses dashes, like the command line.
        self._left = {key.replace("_", "-"): value for key, value in table.items()}
        self._known: list[str] = []
        self._name = name
        self.path = path

    def _take(self, key: str, wanted: type | tuple[type, ...], word: str) -> Any:
        self._known.append(key)
        value = self._left.pop(key, None)
        # bool is an int to Python and not to TOML.
        if value is not None and (not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool)):
            raise self._error(key, f"must be {word}, not {value!r}")
        return value

    def _error(self, key: str, problem: str, do: str = "") -> UsageError:
        label = f"{self._name}.{key}" if self._name else key
        return UsageError(f"setting '{label}' {problem}", where=self.path, do=do)

    def table(self, key: str) -> "_Table":
        return _Table(self._take(key, dict, f"a table [{key}]") or {}, self.path, key)

    def tables(self, key: str) -> list["_Table"]:
        entries = self._take(key, list, f"a list of tables [[{key}]]") or []
        if not all(isinstance(entry, dict) for entry in entries):
            raise self._error(key, f"must be a list of tables [[{key}]]")
        return [_Table(entry, self.path, f"{key}[{number}]") for number, entry in enumerate(entries, 1)]

    def word(self, key: str, default: str, choices: tuple[str, ...]) -> str:
        value = self._take(key, str, "a string")
        if value is not None and value not in choices:
            raise self._error(key, f"is {value!r}", f"choose one of {', '.join(choices)}")
        return default if value is None else str(value)

    def words(self, key: str) -> tuple[str, ...]:
        values = self._take(key, list, "a list of strings") or []
        if not all(isinstance(value, str) for value in values):
            raise self._error(key, "must be a list of strings")
        return tuple(values)

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, str, "a string")
        if not value and default is None:
            raise self._error(key, "is missing" if value is None else "is empty", f'add {key} = "…"')
        return str(default if value is None else value)

    def file(self, key: str, default: str) -> str:
        value = self.text(key, default)
        if value and not os.path.isabs(value):
            raise self._error(key, f"must be an absolute path, not {value!r}")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self._take(key, bool, "true or false")
        return default if value is None else value is True

    def number(self, key: str, default: int) -> int:
        value = self._take(key, int, "a whole number")
        if value is not None and value < 1:
            raise self._error(key, f"must be at least 1, not {value}")
        return default if value is None else int(value)

    def day(self, key: str) -> str:
        import datetime as dt  # noqa: PLC0415 - only where a settings file is

        value = self._take(key, (dt.date, str), "a date such as 2027-01-31")
        if value is None:
            return ""
        try:
            found = dt.date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            raise self._error(key, f"must be a date such as 2027-01-31, not {value!r}") from None
        return found.date().isoformat() if isinstance(found, dt.datetime) else found.isoformat()

    def finish(self) -> None:
        """Raise ``UsageError`` for the first unknown key."""
        for key in self._left:
            from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

            near = get_close_matches(key, self._known, n=1)
            do = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(sorted(self._known))}"
            raise self._error(key, "is unknown", do)
