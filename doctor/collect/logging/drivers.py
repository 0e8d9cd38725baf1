"""Reads sizes of containers' logs, and whether journald and syslog are available."""

import re

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.engine.state import EngineState
from doctor.facts.logging.drivers import LogFile, Logging, default_driver
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_JOURNAL_SOCKET = HostPath("/run/systemd/journal/socket")
_JOURNAL_PROGRAMS = (HostPath("/usr/lib/systemd/systemd-journald"), HostPath("/lib/systemd/systemd-journald"))
_SYSLOG = (HostPath("/dev/log"), HostPath("/var/run/syslog"), HostPath("/var/run/log"))
"""Sockets of a syslog daemon without an address (Go's log/syslog)."""

_FEW_FILES = 5
"""A container has max-file logs, five by default with ``local``; more rotated files than this are not read."""


@collector
def logging(
    host: Host, config: EngineConfig, containers: Containers | Missing, state: EngineState | Missing
) -> Logging:
    """Return sizes from stat: no log is read."""
    gaps: list[Missing] = []
    files = () if isinstance(containers, Missing) else tuple(_files(host, containers, gaps))
    return Logging(
        journald=_journald(host),
        has_syslog=default_driver(config) != "syslog"
        or not host.is_live()
        or any(host.exists(path) for path in _SYSLOG),
        files=files,
        rotated_by=tuple(_rotating(host, config.data_root)) if files else (),
        space_bytes=_space(host, config.data_root) if files else 0,
        deleted_open=tuple(_deleted(host, state, config.data_root)),
        gaps=tuple(gaps),
    )


def _journald(host: Host) -> str:
    if host.exists(_JOURNAL_SOCKET):
        return "running"
    if host.is_live():
        return "absent"
    return "unknown" if any(host.exists(path) for path in _JOURNAL_PROGRAMS) else "absent"


def _files(host: Host, containers: Containers, gaps: list[Missing]) -> list[LogFile]:
    found = []
    for container in containers.items:
        if container.host is None or container.host.log_driver != "json-file" or not container.log_path:
            continue
        size = _size(host, container, gaps)
        found.append(
            LogFile(
                container=container.title,
                id=container.id,
                path=container.log_path,
                size_bytes=size or 0,
                exists=size is not None,
                running=container.state.running,
                max_size=container.host.log_options.get("max-size", ""),
            )
        )
    return found


def _size(host: Host, container: Container, gaps: list[Missing]) -> int | None:
    """Return the size of a container's log and its rotated files, ``None`` if the log does not exist.

    The path in config.v2.json is not used: a container's files are in its own directory.
    """
    own = container.own_log_path
    total = 0
    for number in range(_FEW_FILES + 1):
        suffixes = ("",) if number == 0 else (f".{number}", f".{number}.gz")
        found = [size for suffix in suffixes if (size := _stat(host, HostPath(own + suffix), gaps)) is not None]
        if not found:
            if number == 0:
                return None
            break
        total += sum(found)
    return total


def _stat(host: Host, path: HostPath, gaps: list[Missing]) -> int | None:
    try:
        found = host.lstat(path, follow=False)
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return None
    return found.size if found.kind == "f" else None


def _space(host: Host, path: HostPath) -> int:
    try:
        return host.statfs(path).size_bytes
    except HostError:
        return 0


def _rotating(host: Host, data_root: HostPath) -> list[str]:
    """Return the files of logrotate.d that rotate the logs of containers."""
    top = HostPath("/etc/logrotate.d")
    try:
        names = host.listdir(top)
    except HostError:
        return []
    found = []
    pattern = re.compile(rf"^[^#\n]*{re.escape(data_root)}/{docker.CONTAINERS}/\S*\.log", re.MULTILINE)
    for name in names:
        try:
            text = host.read(HostPath(f"{top}/{name}"), limit_bytes=1 << 18).decode("utf-8", "replace")
        except HostError:
            continue
        if pattern.search(text):
            found.append(f"{top}/{name}")
    return found


def _deleted(host: Host, state: EngineState | Missing, data_root: HostPath) -> list[str]:
    """Return removed logs that a running engine still writes to, from the links in its /proc/PID/fd."""
    if isinstance(state, Missing) or not state.pid or not host.is_live():
        return []
    top = HostPath(f"/proc/{state.pid}/fd")
    found = []
    try:
        for name in host.listdir(top):
            target = host.readlink(HostPath(f"{top}/{name}"))
            if target.endswith(f"{docker.LOG_SUFFIX} (deleted)") and f"{data_root}/{docker.CONTAINERS}/" in target:
                found.append(target.removesuffix(" (deleted)"))
    except HostError:
        return found
    return found
