"""What a container prints can be read."""

from collections.abc import Sequence

from doctor.api import Evidence, Missing, probe
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineInfo, EngineVersion
from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.logging.damage import LogDamage
from doctor.facts.logging.drivers import DRIVERS, Logging, default_driver, is_removed
from doctor.facts.logging.readable import ReadLog, ReadLogs
from doctor.model.probing import Ended, Launch, Probing
from doctor.probes._result import failed, not_run, passed, unproven

_LINES, _REPEAT = 500, 16
_TEXT = "".join(f"line {number} of what a container prints\n" for number in range(_LINES))
_PRINTED = _TEXT * _REPEAT


@probe(proves="a test container's output arrives whole, and the engine keeps what containers print readable")
def logs(  # noqa: PLR0917 - a probe's parameters are the facts it stands on
    config: EngineConfig,
    logging: Logging,
    info: EngineInfo | Missing,
    version: EngineVersion | Missing,
    kubelet: Kubelet | Missing,
    read: ReadLogs | Missing,
    damage: LogDamage | Missing,
) -> Probing:
    """Print much to both streams of a test container, and judge what becomes of the output of the engine's containers.

    From the test container all must arrive, in order. Of a running engine the driver in force counts, and the engine is asked
    for the last line of running containers with it. Where none answers, the driver that its settings name is judged, and
    whether the logs on disk can be read to their end.
    """
    containers = tuple(
        {"id": to, "builtin": "print", "args": {"text": _TEXT, "repeat": _REPEAT, "to": to}}
        for to in ("stdout", "stderr")
    )
    ended = yield Launch(containers)
    problem = not_run(ended.get(to) for to in ("stdout", "stderr"))
    if problem is not None:
        return problem
    cut = _cut(ended)
    if cut:
        return failed(cut)
    driver = default_driver(config) if isinstance(info, Missing) else info.logging_driver
    where = "by its settings" if isinstance(info, Missing) else "of the running engine"
    evidence = [Evidence("test container", f"{len(_PRINTED)} bytes came from each of its streams")]
    evidence.append(Evidence(f"logging driver {where}", driver))
    opaque = _opaque(driver, logging.journald, info, version)
    if not opaque and isinstance(kubelet, Kubelet) and kubelet.uses_docker and driver != "json-file":
        opaque = "kubelet reads json-file logs only, 'kubectl logs' shows nothing"
    if opaque:
        return failed(f"new containers log with {driver}: {opaque}", evidence)
    items = () if isinstance(read, Missing) else read.items
    evidence += [Evidence(f"last line of {one.container}", _said(one)) for one in items]
    if bad := [one for one in items if not one.is_readable]:
        return failed(f"'docker logs {bad[0].container}' gives nothing: {_said(bad[0])}", evidence)
    if isinstance(info, Missing) and isinstance(damage, LogDamage) and damage.items:
        found = damage.items[0]
        evidence.append(Evidence(found.path, f"{', '.join(found.kinds)} at byte {found.offset}"))
        return failed(f"'docker logs' will stop in the damaged log of {found.container_id[:12]}", evidence)
    if isinstance(read, Missing) and not isinstance(info, Missing) and not read.is_harmless:
        return unproven(f"the engine could not be asked for its containers' logs: {read.reason}", evidence)
    if driver not in DRIVERS and not items:
        return unproven(f"containers log with the plugin {driver}, which only a running engine can judge", evidence)
    return passed(f"containers log with {driver}, which 'docker logs' reads{_of(items)}", evidence)


def _cut(ended: dict[str, Ended]) -> str:
    """Return what of the test containers' output is lost, "" for nothing."""
    for to in ("stdout", "stderr"):
        arrived = ended[to].stdout if to == "stdout" else ended[to].stderr
        if arrived != _PRINTED:
            return f"of {len(_PRINTED)} bytes that a test container printed to {to}, {len(arrived)} arrived in order"
    return ""


def _opaque(driver: str, journald: str, info: EngineInfo | Missing, version: EngineVersion | Missing) -> str:
    """Return why nobody can read what new containers print, "" where somebody can."""
    release = None if isinstance(version, Missing) else version.release
    if is_removed(driver, release):
        return "this engine no longer has it, no container starts"
    if not isinstance(info, Missing) and info.log_drivers and driver not in info.log_drivers and driver != "none":
        return "this engine does not have it, no container starts"
    found = DRIVERS.get(driver)
    if found is None:
        return ""
    if found.reads == "never":
        return "'docker logs' shows nothing of them"
    if found.reads == "journal" and journald == "absent":
        return "no journal runs here, no container starts"
    if found.reads == "cache" and release is not None and release < (20, 10, 0):
        return "this engine keeps no local copy, 'docker logs' shows nothing of them"
    return ""


def _said(one: ReadLog) -> str:
    if one.status != 200:
        return one.problem or f"status {one.status}"
    if one.is_readable:
        return f"{one.bytes} bytes" if one.bytes else "nothing printed yet"
    return f"its log file holds {one.file_bytes} bytes and the engine reads none of them"


def _of(items: Sequence[ReadLog]) -> str:
    return f" (asked for {', '.join(one.container for one in items)})" if items else ""
