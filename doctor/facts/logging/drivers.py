"""Logging drivers: options, readers, and the logs of containers.

From Moby's ``daemon/logger`` (ValidateLogOpt of each driver, ``validateExternal``/``ValidateLogOpts``) 19.03 to 29.
"""

import re

from msgspec import Struct

from doctor.facts.config.engine import EngineConfig
from doctor.formats.config.flags import parse_bool
from doctor.model.missing import Missing
from doctor.model.paths import HostPath

_ATTRIBUTES = frozenset({"labels", "labels-regex", "env", "env-regex", "tag"})
_COMMON = frozenset({"mode", "max-buffer-size"})
_CACHE = frozenset({"cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"})
_SIZE = re.compile(r"\d+(\.\d+)*\s?([kKmMgGtTpP][iI]?)?[bB]?")
NO_LOGS = "none"
"""The driver that keeps nothing: a choice of the administrator."""
GIB = 1 << 30
_SHARE = 0.10
_MUCH_BYTES = GIB // 8


class Driver(Struct, frozen=True):
    """One logging driver.

    Attributes:
        reads: how its logs can be read: ``files`` (docker logs, kubelet), ``journal`` (docker logs, while journald runs),
            ``cache`` (docker logs, through a local copy since 20.10) or ``never``.
        options: names of its own options.
        removed: first release without it, ``None`` for none.
        required: options without which no container starts.
        removed_options: options that a later release no longer accepts, with that release.
    """

    reads: str
    options: frozenset[str] = frozenset()
    removed: tuple[int, int] | None = None
    required: tuple[str, ...] = ()
    removed_options: dict[str, tuple[int, int]] = {}


def _named(prefix: str, *names: str) -> frozenset[str]:
    return frozenset(f"{prefix}-{name}" for name in names)


DRIVERS = {
    "json-file": Driver("files", _ATTRIBUTES | {"max-size", "max-file", "compress"}),
    "local": Driver("files", frozenset({"max-size", "max-file", "compress"})),
    "journald": Driver("journal", _ATTRIBUTES),
    "none": Driver("never"),
    "syslog": Driver(
        "cache",
        _ATTRIBUTES
        | _named("syslog", "address", "facility", "format", "tls-ca-cert", "tls-cert", "tls-key", "tls-skip-verify"),
    ),
    "gelf": Driver(
        "cache",
        _ATTRIBUTES
        | _named("gelf", "address", "compression-type", "compression-level", "tcp-max-reconnect", "tcp-reconnect-delay"),
        required=("gelf-address",),
    ),
    "fluentd": Driver(
        "cache",
        _ATTRIBUTES
        | _named(
            "fluentd", "address", "async", "async-reconnect-interval", "buffer-limit", "max-retries", "request-ack",
            "retry-wait", "sub-second-precision", "write-timeout", "read-timeout",
        ),
        removed_options={"fluentd-async-connect": (28, 0)},
    ),
    "awslogs": Driver(
        "cache",
        frozenset({"tag"})
        | _named(
            "awslogs", "region", "endpoint", "group", "stream", "create-group", "create-stream", "datetime-format",
            "multiline-pattern", "credentials-endpoint", "force-flush-interval-seconds", "max-buffered-events", "format",
        ),
        required=("awslogs-group",),
    ),
    "splunk": Driver(
        "cache",
        _ATTRIBUTES
        | _named(
            "splunk", "token", "url", "source", "sourcetype", "index", "capath", "caname", "insecureskipverify", "format",
            "verify-connection", "gzip", "gzip-level", "index-acknowledgment",
        ),
        required=("splunk-token", "splunk-url"),
    ),
    "gcplogs": Driver(
        "cache",
        frozenset({"labels", "labels-regex", "env", "env-regex"})
        | _named("gcp", "project", "log-cmd", "meta-zone", "meta-name", "meta-id"),
    ),
    "logentries": Driver(
        "cache", _ATTRIBUTES | {"logentries-token", "line-only", "disable-tls"}, removed=(25, 0)
    ),
}  # fmt: skip

BOUNDED = {"max-size": "10m", "max-file": "3"}
"""Options that doctor sets if json-file logs have no limit: 30 MB per container."""


def is_removed(name: str, release: tuple[int, int, int] | None) -> bool:
    """Whether this engine no longer has the driver."""
    found = DRIVERS.get(name)
    return bool(found and found.removed and (release is None or release >= found.removed))


def unknown_options(name: str, options: dict[str, str], release: tuple[int, int, int] | None) -> tuple[str, ...]:
    """Return the options that this driver does not accept; () for ``none``, which accepts any, and for plugins.

    A ``release`` of ``None`` means a current engine.
    """
    found = DRIVERS.get(name)
    if found is None or name == "none":
        return ()
    known = found.options | _COMMON
    if release is None or release >= (20, 10):
        known |= _CACHE
    known |= {option for option, end in found.removed_options.items() if release is not None and release < end}
    return tuple(option for option in options if option not in known)


def bad_values(name: str, options: dict[str, str]) -> dict[str, str]:
    """Return option → problem of its value: the engine starts with it, but no container does.

    >>> bad_values("json-file", {"max-size": "10 MB please"})
    {'max-size': "invalid size: '10 MB please'"}
    """
    found: dict[str, str] = {}
    for option in ("max-size", "max-buffer-size", "cache-max-size"):
        value = options.get(option)
        if value is not None and value != "-1" and not _SIZE.fullmatch(value):
            found[option] = f"invalid size: '{value}'"
    count = options.get("max-file")
    if count is not None and not (count.isdigit() and int(count) >= 1):
        found["max-file"] = f"max-file must be a number of at least 1, not '{count}'"
    compress = options.get("compress")
    if compress is not None and name in {"json-file", "local"}:
        if parse_bool(compress) is None:
            found["compress"] = f"invalid value for compress: '{compress}'"
        elif parse_bool(compress) and name == "json-file" and ("max-size" not in options or count in {None, "1"}):
            found["compress"] = "compress cannot be true when max-file is less than 2 or max-size is not set"
    mode = options.get("mode")
    if mode is not None and mode not in {"", "blocking", "non-blocking"}:
        found["mode"] = f"logger: unrecognized mode: '{mode}'"
    if "max-buffer-size" in options and mode != "non-blocking":
        found["max-buffer-size"] = "max-buffer-size is only supported with mode=non-blocking"
    return found


def default_driver(config: EngineConfig) -> str:
    """Return the driver of new containers."""
    value = config.get("log-driver", "json-file")
    return value if isinstance(value, str) and value else "json-file"


def default_options(config: EngineConfig) -> dict[str, str]:
    """Return the options of new containers; values that are not strings are left out (dockerd refuses them)."""
    value = config.get("log-opts", {})
    return {name: item for name, item in value.items() if isinstance(item, str)} if isinstance(value, dict) else {}


def opaque_because(
    config: EngineConfig, journald: str, *, kubelet_reads: bool, has_syslog: bool = True
) -> tuple[str, bool]:
    """Return why logs of new containers can't be read, "" if they can, and whether that is harm rather than a choice.

    ``kubelet_reads`` is whether a kubelet of this host reads Docker's logs: it supports only json-file (``LogPath``).
    """
    driver = default_driver(config)
    found = DRIVERS.get(driver)
    if found is None:
        return "", False
    if found.reads == "never":
        return "'docker logs' shows nothing of new containers", kubelet_reads
    if found.reads == "journal" and journald == "absent":
        return "no journal runs here, so no new container starts", True
    if driver == "syslog" and not has_syslog and not default_options(config).get("syslog-address"):
        return "no syslog daemon listens here, so no new container starts", True
    if kubelet_reads and driver != "json-file":
        return "the kubelet reads only json-file logs, so 'kubectl logs' shows nothing", True
    if found.reads == "journal":
        return "logs are only in the journal, so tools that read files don't see them", False
    return "", False


class LogFile(Struct, frozen=True, kw_only=True):
    """The json-file log of one container, including rotated files.

    Attributes:
        container: its name, ``id`` its full id.
        path: the current file.
        size_bytes: total size of all files.
        exists: whether the current file exists.
        running: whether the container runs.
        max_size: its own max-size, "" for none: it grows without a limit.
    """

    container: str
    id: str
    path: HostPath
    size_bytes: int
    exists: bool
    running: bool
    max_size: str


class Logging(Struct, frozen=True, kw_only=True):
    """Logging on this host.

    Attributes:
        journald: ``running``, ``absent``, or ``unknown`` (a mounted disk has no running journal).
        has_syslog: whether the socket of a syslog daemon exists; true if it does not matter or is unknown.
        files: json-file logs of containers.
        rotated_by: files of logrotate.d that rotate them.
        space_bytes: size of their file system, 0 if unknown.
        deleted_open: paths of removed log files that the engine still holds open: its restart frees their space.
        gaps: what could not be examined.
    """

    journald: str
    has_syslog: bool = True
    files: tuple[LogFile, ...] = ()
    rotated_by: tuple[str, ...] = ()
    space_bytes: int = 0
    deleted_open: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def endless(self) -> tuple[LogFile, ...]:
        """Return the logs without a limit, largest first; none if logrotate rotates them."""
        if self.rotated_by:
            return ()
        free = (file for file in self.files if file.max_size in {"", "-1"})
        return tuple(sorted(free, key=lambda file: -file.size_bytes))

    def is_much(self, size_bytes: int) -> bool:
        """Whether logs of this size are a problem: more than 1 GiB or a tenth of their file system."""
        share = self.space_bytes and size_bytes > _SHARE * self.space_bytes
        return size_bytes > GIB or bool(share and size_bytes > _MUCH_BYTES)


def human(size_bytes: int) -> str:
    """Return a size for display.

    >>> human(170 << 20), human(5 << 30)
    ('170 MiB', '5.0 GiB')
    """
    return f"{size_bytes / GIB:.1f} GiB" if size_bytes >= GIB else f"{size_bytes / (1 << 20):.0f} MiB"
