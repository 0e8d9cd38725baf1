"""Reads the end of the log, and one variable, of each running container that mounts the engine's socket."""

import json
import os

from doctor.engines.docker import places as docker
from doctor.facts.access.api_versions import ApiRefusals, Refusal, Version, floor, parsed
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.engine.state import EngineAnswer, EngineState
from doctor.facts.engine.upgrade import EngineUpgrade
from doctor.formats.json_values import mapping, text, texts
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_MOST = 20
_TAIL_BYTES = 16 << 10
_CONFIG_BYTES = 4 << 20
_VARIABLE = "DOCKER_API_VERSION="
_REFUSED = r"client version (\d{1,3})\.(\d{1,3}) is too (old|new)\. M\w+ supported API version is \d{1,3}\.\d{1,3}"
_ABOVE = ("/", "/var/run", "/run", "/var")


@collector
def api_refusals(  # noqa: PLR0917 - a parameter a fact
    host: Host,
    containers: Containers,
    answer: EngineAnswer,
    state: EngineState,
    config: EngineConfig,
    upgrade: EngineUpgrade | Missing,
) -> ApiRefusals:
    """Return the refusals since the engine's start; missing if the engine does not answer."""
    oldest, newest = (parsed(text(answer.version.get(key))) for key in ("MinAPIVersion", "ApiVersion"))
    source = "GET /version"
    if isinstance(upgrade, EngineUpgrade) and oldest is not None:
        # A newer engine accepts at least what this one accepts as its newest.
        oldest, source = _supposed(upgrade, config), f"release notes of engine {upgrade.after.text}"
    if oldest is None or newest is None:
        raise HostError(Missing(Why.ABSENT, "the engine does not answer, or names no API versions"))
    users = [one for one in containers.items if one.state.running and _uses_socket(one)]
    gaps: list[Missing] = []
    found = []
    for container in users[:_MOST]:
        try:
            refusal = _pinned(host, container, oldest, newest) or _logged(host, container, state, oldest, newest)
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            continue
        if refusal is not None:
            found.append(refusal)
    return ApiRefusals(oldest=oldest, newest=newest, source=source, items=tuple(found), gaps=tuple(gaps))


def _supposed(upgrade: EngineUpgrade, config: EngineConfig) -> Version:
    """Return the oldest version of a supposed engine: its default, unless a setting lowers it."""
    given = (str(config.get("min-api-version") or ""), config.flags.environment.get("DOCKER_MIN_API_VERSION", ""))
    known = [version for version in map(parsed, given) if version is not None]
    return known[-1] if known else floor(upgrade.after.release)


def _uses_socket(container: Container) -> bool:
    sources = (mount.source.rstrip("/") or "/" for mount in container.mounts if mount.kind == "bind")
    return any(source in docker.SOCKETS or source in _ABOVE for source in sources)


def _pinned(host: Host, container: Container, oldest: Version, newest: Version) -> Refusal | None:
    """Return the refusal by the container's own variable; no other variable is kept."""
    content = host.read(container.config_path, limit_bytes=_CONFIG_BYTES)
    if _VARIABLE.encode() not in content:
        return None
    try:
        variables = texts(mapping(mapping(json.loads(content)).get("Config")).get("Env"))
    except (ValueError, RecursionError):
        return None
    values = [one.removeprefix(_VARIABLE) for one in variables if one.startswith(_VARIABLE)]
    asked = parsed(values[-1]) if values else None
    if asked is None or oldest <= asked <= newest:
        return None
    return Refusal(
        container=container.name,
        source=container.config_path,
        line=f"{_VARIABLE}{asked[0]}.{asked[1]}",
        asked=asked,
        is_old=asked < oldest,
        is_pinned=True,
    )


def _logged(host: Host, container: Container, state: EngineState, oldest: Version, newest: Version) -> Refusal | None:
    if container.host is None or container.host.log_driver != "json-file" or not container.log_path:
        return None
    import re  # noqa: PLC0415 - few containers mount the socket

    for row in reversed(_tail(host, container.log_path).split(b"\n")):
        found = re.search(_REFUSED, row.decode("utf-8", "replace")) if b"client version" in row else None
        if found is None:
            continue
        asked, is_old = (int(found[1]), int(found[2])), found[3] == "old"
        # An engine with other settings may have refused it before.
        if _time(row) < state.started or not (asked < oldest if is_old else asked > newest):
            return None
        return Refusal(container=container.name, source=container.log_path, line=found[0], asked=asked, is_old=is_old)
    return None


def _time(row: bytes) -> float:
    from calendar import timegm  # noqa: PLC0415 - it costs a scan 3 ms, and few logs have such a line
    from time import strptime  # noqa: PLC0415

    try:
        return float(timegm(strptime(text(mapping(json.loads(row)).get("time"))[:19], "%Y-%m-%dT%H:%M:%S")))
    except (ValueError, RecursionError):
        return 0.0


def _tail(host: Host, path: HostPath) -> bytes:
    descriptor = host.open_fd(path)
    try:
        size = os.fstat(descriptor).st_size
        os.lseek(descriptor, max(0, size - _TAIL_BYTES), os.SEEK_SET)
        return os.read(descriptor, _TAIL_BYTES)
    except OSError as error:
        raise HostError(Missing(Why.UNREADABLE, f"{path}: {error.strerror}")) from error
    finally:
        os.close(descriptor)
