"""Reads ``doctor.toml``, the settings of this host's administrator. An unknown key is an error, never ignored."""

import datetime as dt
import os
import stat
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct, ValidationError, convert, field

from doctor.model.errors import UsageError
from doctor.model.severity import Applicability, Severity
from doctor.state.paths import CONFIG, config_file, state_dir
from doctor.state.trust import refuse_weak

_LIMIT_BYTES = 1 << 20
_Every = Literal["hourly", "daily", "weekly"]
EVERY: tuple[str, ...] = get_args(_Every)
_Text = Annotated[str, Meta(min_length=1)]
_Number = Annotated[int, Meta(ge=1)]
_Place = Annotated[str, Meta(pattern="^/")]
_Days = Annotated[int, Meta(ge=0)]
_File = Annotated[str, Meta(pattern="^(/|$)")]


class _Table(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """A table of the file: msgspec decodes it by the fields' types."""


class Waiver(_Table, frozen=True, kw_only=True):
    """A waiver: a finding that the user accepts.

    Attributes:
        id: the check's id, or one it had before.
        subject: name of the finding's subject; "" for every subject.
        reason: why; shown with the finding.
        author: who accepts it; "" if nobody is named.
        created: the day on which it was accepted; ``None`` if unknown.
        expires: the last day it applies; ``None`` for no expiry.
        severity: the highest severity that it covers; "" for that of the check.
    """

    id: _Text
    subject: str = ""
    reason: _Text
    author: str = ""
    created: dt.date | None = None
    expires: dt.date | None = None
    severity: Literal["", "info", "warning", "error", "critical"] = ""


class ReportPlaces(_Table, frozen=True, kw_only=True):
    """Files that a scheduled scan writes: the HTML report, and metrics for node_exporter's textfile collector ("":
    none).
    """

    html: _File = field(default_factory=lambda: os.path.join(state_dir(), "report.html"))
    prometheus: _File = ""


class Schedule(_Table, frozen=True, kw_only=True):
    """How often ``doctor schedule install`` has the host scanned, whether test containers are launched each time, and after
    how many days a problem that remains is in a notification again (0: never).
    """

    every: _Every = "daily"
    probe: bool = True
    remind_days: _Days = 7


class Recipient(_Table, frozen=True, kw_only=True):
    """A recipient of notifications.

    Attributes:
        to: a URL or word, such as ``mailto:ops@example.com`` or ``from:FILE`` for a root-only file with such a word.
        least: the least severity of a problem that it receives; "" for all that count against the host.
        secret_file: a root-only file with the key of a webhook or the password of a mail server.
        auth: how a webhook uses it: ``hmac`` signs the body, ``bearer`` sends it as a token.
        ca_file: certificates to trust instead of the host's.
        proxy: the HTTP proxy to a webhook: http://HOST:PORT, ``from:FILE`` for a root-only file with it, ``direct``; "" for that of the
            environment.
        timeout: seconds for one attempt.
    """

    to: _Text
    least: Literal["", "info", "warning", "error", "critical"] = ""
    secret_file: _File = ""
    auth: Literal["hmac", "bearer"] = "hmac"
    ca_file: _File = ""
    proxy: str = ""
    timeout: Annotated[int, Meta(ge=1, le=60)] = 10


class Keep(
    _Table, frozen=True, kw_only=True, rename={"days": "keep-days", "scans": "keep-scans", "max_mib": "max-mib"}
):
    """How long scans stay in the history: days, at most so many of one host, and the size of all on disk."""

    days: _Number = 400
    scans: _Number = 2000
    max_mib: _Number = 256


class KeepMetadata(_Table, frozen=True, kw_only=True):
    """The metadata backup of a healthy data root: whether it is made, and its limits.

    Attributes:
        keep: false turns it off; existing backups stay.
        max_mib: on disk, all backups together.
        days: how long an older backup is kept; the newest always is.
        generations: how many are kept.
    """

    keep: bool = True
    max_mib: _Number = 256
    days: _Number = 90
    generations: _Number = 7


class _Plugins(_Table, frozen=True, kw_only=True):
    allow: tuple[str, ...] = ()
    directories: tuple[_Place, ...] = ()


class _Whole(_Table, frozen=True, kw_only=True):
    """The file."""

    fail_on: Literal["info", "warning", "error", "critical"] = "warning"
    allow: Literal["safe", "disruptive", "destructive"] = "safe"
    skip: tuple[str, ...] = ()
    waiver: tuple[Waiver, ...] = ()
    waiver_warn_days: Annotated[int, Meta(ge=0)] = 14
    plugins: _Plugins = _Plugins()
    report: ReportPlaces = field(default_factory=ReportPlaces)
    schedule: Schedule = Schedule()
    notify: tuple[Recipient, ...] = ()
    history: Keep = Keep()
    metadata: KeepMetadata = KeepMetadata()


class Settings(Struct, frozen=True, kw_only=True):
    """All settings of ``doctor.toml``, with their defaults.

    Attributes:
        path: the file it was read from, "" without one.
        fail_on: findings at or above it make a scan exit with 1.
        allow: the highest risk of a repair by default.
        skip: ids and areas that a scan skips.
        waiver_warn_days: how many days before its end a waiver is named.
        plugins: distributions that may be loaded, ``name`` or ``name==version``.
        plugin_directories: where they are looked for besides Python's own path.
    """

    path: str = ""
    fail_on: Severity = Severity.WARNING
    allow: Applicability = Applicability.SAFE
    skip: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    waiver_warn_days: int = 14
    plugins: tuple[str, ...] = ()
    plugin_directories: tuple[str, ...] = ()
    report: ReportPlaces = field(default_factory=ReportPlaces)
    schedule: Schedule = Schedule()
    notify: tuple[Recipient, ...] = ()
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
        return Settings(path=path)
    import tomllib  # noqa: PLC0415 - costs 10 ms

    try:
        table = _dashed(tomllib.loads(data.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"can't parse the settings: {error}", where=path, do="correct the file") from error
    return decode(table, path)


def decode(table: dict[str, Any], path: str) -> Settings:
    """Return the settings in a TOML document, whose keys have dashes. Raises ``UsageError``."""
    try:
        whole = convert(table, _Whole)
    except ValidationError as error:
        from doctor.state.settings_mistake import explain  # noqa: PLC0415 - only for a mistake

        raise explain(str(error), table, _Whole, path) from None
    return Settings(
        path=path,
        fail_on=Severity.parse(whole.fail_on),
        allow=Applicability.parse(whole.allow),
        skip=whole.skip,
        waivers=whole.waiver,
        waiver_warn_days=whole.waiver_warn_days,
        plugins=whole.plugins.allow,
        plugin_directories=whole.plugins.directories,
        report=whole.report,
        schedule=whole.schedule,
        notify=whole.notify,
        keep=whole.history,
        metadata=whole.metadata,
    )


def _dashed(value: Any) -> Any:
    """Return a table with dashes in its keys (both spellings are in use), and with the days of its times."""
    if isinstance(value, dict):
        return {key.replace("_", "-"): _dashed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dashed(item) for item in value]
    return value.date() if isinstance(value, dt.datetime) else value
