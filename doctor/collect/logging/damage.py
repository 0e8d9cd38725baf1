"""Searches corrupt bytes at the end of each container's log. Lines are parsed only if something looks wrong."""

import os

from doctor.facts.containers.containers import Container, Containers
from doctor.facts.engine.state import EngineState
from doctor.facts.logging.damage import DamagedLog, LogDamage
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

# A crash truncates the last write; older corruption is found only by chance, as with `docker logs --tail`.
_TAIL_BYTES = 64 << 10
_LIMIT_BYTES = 16 << 20
_BEGIN = b'{"log":'


@collector
def log_damage(host: Host, containers: Containers, state: EngineState | Missing) -> LogDamage:
    """Return the logs that ``docker logs`` can't read to the end."""
    items: list[DamagedLog] = []
    gaps: list[Missing] = []
    is_alive = isinstance(state, EngineState) and bool(state.pid)
    for container in containers.items:
        if container.host is None or container.host.log_driver not in {"json-file", ""}:
            continue
        path = container.own_log_path
        try:
            found = _examine(host, container, path, is_written=is_alive and container.state.running)
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            continue
        if found is not None:
            items.append(found)
    return LogDamage(items=tuple(items), gaps=tuple(gaps))


def _examine(host: Host, container: Container, path: HostPath, *, is_written: bool) -> DamagedLog | None:
    size, tail = _tail(host, path)
    if not _looks_wrong(tail, is_whole=size <= _TAIL_BYTES) or size > _LIMIT_BYTES:
        return None
    from doctor.formats.logging.json_log import damages  # noqa: PLC0415 - most logs look right

    data = host.read(path, follow=False, limit_bytes=_LIMIT_BYTES)
    found = damages(data)
    # A line that is being written looks truncated until it is complete; after a crash it stays truncated.
    if is_written and found and found[-1].kind == "truncated" and not data.endswith(b"\n"):
        found = found[:-1]
    if not found:
        return None
    return DamagedLog(
        container_id=container.id,
        path=path,
        kinds=tuple(sorted({damage.kind for damage in found})),
        offset=found[0].start,
        bytes_lost=sum(damage.end - damage.start for damage in found),
    )


def _tail(host: Host, path: HostPath) -> tuple[int, bytes]:
    try:
        descriptor = host.open_fd(path, follow=False)
    except HostError as error:
        if error.missing.why is not Why.UNSUPPORTED:
            raise
        # A predicted file has no descriptor.
        data = host.read(path, follow=False, limit_bytes=_LIMIT_BYTES)
        return len(data), data[-_TAIL_BYTES:]
    try:
        size = os.fstat(descriptor).st_size
        return size, os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    finally:
        os.close(descriptor)


def _looks_wrong(tail: bytes, *, is_whole: bool) -> bool:
    """Whether a line does not begin or end like those of the json-file driver; cheap, and false for every valid log.

    Quotes in a message are escaped, so the beginning of a line occurs nowhere else.
    """
    if not is_whole:
        tail = tail[tail.find(b"\n") + 1 :]
    if not tail:
        return False
    lines = tail.count(b"\n")
    starts = tail.count(b"\n" + _BEGIN) + tail.startswith(_BEGIN)
    is_even = lines == starts == tail.count(_BEGIN) == tail.count(b"}\n")
    return not is_even or b"\0" in tail
