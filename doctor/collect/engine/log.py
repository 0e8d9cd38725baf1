"""Reads the end of the engine's log, only if the engine is down."""

import os

from doctor.engines.docker import places as docker
from doctor.facts.engine.log import EngineLog, fatal_line, last_start
from doctor.facts.engine.state import EngineState, EngineVersion
from doctor.facts.secrets.redact import redact
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.message import Release
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.plugins.messages import explained

_JOURNAL = (*docker.JOURNAL, "-n", "200")
_TAIL_BYTES = 64 << 10


@collector
def engine_log(host: Host, state: EngineState, version: EngineVersion | Missing) -> EngineLog:
    """Return the lines of the last start; missing if the engine runs, or if its log is unknown."""
    if state.status not in {"down", "starting", "hung"}:
        raise HostError(Missing(Why.ABSENT, f"the engine is {state.status}: its log is not read"))
    release = None if isinstance(version, Missing) else version.release
    if host.exists(HostPath("/run/systemd/system")):
        said = host.run(_JOURNAL)
        return _log(docker.JOURNAL_SOURCE, said.text, release)
    newest = max(((_mtime(host, path), path) for path in docker.LOG_FILES), default=(0, docker.LOG_FILES[0]))
    if not newest[0]:
        raise HostError(Missing(Why.ABSENT, "the log of the engine is unknown"))
    return _log(newest[1], _tail(host, newest[1]), release)


def _log(source: str, text: str, release: Release | None) -> EngineLog:
    lines = last_start([redact(line.strip()) for line in text.splitlines() if line.strip()])
    fatal = fatal_line(lines)
    return EngineLog(source=source, lines=tuple(lines), explained=explained([fatal], release).get(fatal))


def _mtime(host: Host, path: HostPath) -> int:
    try:
        return host.lstat(path).mtime_ns
    except HostError:
        return 0


def _tail(host: Host, path: HostPath) -> str:
    descriptor = host.open_fd(path, follow=True)
    try:
        size = os.fstat(descriptor).st_size
        os.lseek(descriptor, max(0, size - _TAIL_BYTES), os.SEEK_SET)
        return os.read(descriptor, _TAIL_BYTES).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
