"""Requests the last line of a few containers' logs from the running engine. It may be secret: only its size is kept."""

from doctor.facts.containers.containers import Container, Containers
from doctor.facts.engine.state import EngineInfo
from doctor.facts.logging.readable import ReadLog, ReadLogs
from doctor.formats.json_safe import load
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing

_MOST = 3


@collector
def read_logs(host: Host, containers: Containers, info: EngineInfo) -> ReadLogs:
    """Return the answers; missing if no engine answers."""
    items: list[ReadLog] = []
    gaps: list[Missing] = []
    able = [one for one in containers.running() if one.host is not None and one.host.log_driver == info.logging_driver]
    for container in sorted(able, key=lambda one: one.title)[:_MOST]:
        try:
            answer = host.engine(f"/containers/{container.id}/logs?stdout=1&stderr=1&tail=1")
        except HostError as error:
            gaps.append(error.missing)
            continue
        items.append(
            ReadLog(
                container=container.title,
                status=answer.status,
                bytes=len(answer.body),
                file_bytes=_size(host, container) if info.logging_driver == "json-file" else -1,
                problem="" if answer.status == 200 else _message(answer.body),
            )
        )
    return ReadLogs(items=tuple(items), gaps=tuple(gaps))


def _size(host: Host, container: Container) -> int:
    try:
        return host.lstat(container.own_log_path, follow=False).size
    except HostError:
        return -1


def _message(body: bytes) -> str:
    try:
        value = load(body)
    except FormatError:
        return "no reason given"
    said = value.get("message") if isinstance(value, dict) else None
    return said[:200] if isinstance(said, str) else "no reason given"
