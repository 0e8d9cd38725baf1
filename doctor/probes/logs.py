"""The output of containers can be read."""

from collections.abc import Sequence

from doctor.api import Evidence, Missing, probe
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineInfo, EngineVersion
from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.logging.damage import LogDamage
from doctor.facts.logging.drivers import DRIVERS, NO_LOGS, Logging, default_driver, is_removed
from doctor.facts.logging.readable import ReadLog, ReadLogs
from doctor.model.probing import Ended, Launch, Probing
from doctor.probes._result import failed, not_run, passed, skipped, unproven

_LINES, _REPEAT = 500, 16
_TEXT = "".join(f"line {number} of what a container prints\n" for number in range(_LINES))
_PRINTED = _TEXT * _REPEAT


@probe(proves="a test container's output arrives complete, and the engine keeps container output readable")
def logs(  # noqa: PLR0917 - a probe's parameters are the facts it stands on
    config: EngineConfig,
    logging: Logging,
    info: EngineInfo | Missing,
    version: EngineVersion | Missing,
    kubelet: Kubelet | Missing,
    read: ReadLogs | Missing,
    damage: LogDamage | Missing,
) -> Probing:
    """Print to both streams of a test container, and judge whether the output of the engine's containers can be read.

    The test container's output must arrive complete and in order. A running engine is asked for its logging driver and
    for the last log line of running containers. If it does not answer, the driver of its settings is judged, and the logs
    on disk must be readable to their end.
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
    evidence = [Evidence("test container", f"received {len(_PRINTED)} bytes from each stream")]
    evidence.append(Evidence(f"logging driver {where}", driver))
    opaque = _opaque(driver, logging.journald, info, version)
    if not opaque and isinstance(kubelet, Kubelet) and kubelet.uses_docker and driver != "json-file":
        opaque = "kubelet reads only json-file logs, so 'kubectl logs' shows nothing"
    if opaque and driver == NO_LOGS and not (isinstance(kubelet, Kubelet) and kubelet.uses_docker):
        return skipped(f"the settings keep no logs of new containers (log-driver {NO_LOGS})", evidence)
    if opaque:
        return failed(f"new containers log with {driver}: {opaque}", evidence)
    items = () if isinstance(read, Missing) else read.items
    evidence += [Evidence(f"last line of {one.container}", _said(one)) for one in items]
    if bad := [one for one in items if not one.is_readable]:
        return failed(f"'docker logs {bad[0].container}' shows nothing: {_said(bad[0])}", evidence)
    if isinstance(info, Missing) and isinstance(damage, LogDamage) and damage.items:
        found = damage.items[0]
        evidence.append(Evidence(found.path, f"{', '.join(found.kinds)} at byte {found.offset}"))
        return failed(f"the log of container {found.container_id[:12]} is corrupt: 'docker logs' stops there", evidence)
    if isinstance(read, Missing) and not isinstance(info, Missing) and not read.is_harmless:
        return unproven(f"the engine could not be asked for its containers' logs: {read.reason}", evidence)
    if driver not in DRIVERS and not items:
        return unproven(
            f"containers log with the plugin {driver}, which can be tested only with a running engine", evidence
        )
    return passed(f"containers log with {driver}, which 'docker logs' reads{_of(items)}", evidence)


def _cut(ended: dict[str, Ended]) -> str:
    """Return which output of the test containers is lost, else ""."""
    for to in ("stdout", "stderr"):
        arrived = ended[to].stdout if to == "stdout" else ended[to].stderr
        if arrived != _PRINTED:
            return f"a test container printed {len(_PRINTED)} bytes to {to}, but {len(arrived)} arrived in order"
    return ""


def _opaque(driver: str, journald: str, info: EngineInfo | Missing, version: EngineVersion | Missing) -> str:
    """Return why the output of new containers can't be read, else ""."""
    release = None if isinstance(version, Missing) else version.release
    if is_removed(driver, release):
        return "this engine has removed the driver, so no container starts"
    if not isinstance(info, Missing) and info.log_drivers and driver not in info.log_drivers and driver != "none":
        return "this engine lacks the driver, so no container starts"
    found = DRIVERS.get(driver)
    if found is None:
        return ""
    if found.reads == "never":
        return "'docker logs' can't read it"
    if found.reads == "journal" and journald == "absent":
        return "journald does not run, so no container starts"
    if found.reads == "cache" and release is not None and release < (20, 10, 0):
        return "this engine keeps no local copy, so 'docker logs' can't read it"
    return ""


def _said(one: ReadLog) -> str:
    if one.status != 200:
        return one.problem or f"status {one.status}"
    if one.is_readable:
        return f"{one.bytes} bytes" if one.bytes else "nothing printed yet"
    return f"its log file has {one.file_bytes} bytes, but the engine returns none"


def _of(items: Sequence[ReadLog]) -> str:
    return f" (asked for {', '.join(one.container for one in items)})" if items else ""
