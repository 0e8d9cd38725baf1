"""Reads the engine's version and state: from the engine, else from its process and package."""

import json
import re
from typing import Any

from msgspec.structs import replace

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineAnswer, EngineInfo, Engines, EngineState, EngineVersion, RunningEngine
from doctor.facts.engine.units import EngineUnits
from doctor.facts.engine.upgrade import EngineUpgrade
from doctor.facts.host.processes import Processes
from doctor.formats.json_values import items, mapping, number, text, texts
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.process import Process

_PACKAGES = (b"docker-ce", b"docker.io", b"moby-engine", b"docker-engine", b"docker-ee")
_TICKS = 100
"""Clock ticks per second in /proc, USER_HZ: 100 on every architecture of the engine."""
_STARTING_S = 60.0
"""A start with thousands of containers takes long before the API answers; a younger process is not hung."""


@collector
def engine_answer(host: Host, processes: Processes | Missing, config: EngineConfig | Missing) -> EngineAnswer:
    """Ask the engine for its version, a request that every engine answers at once."""
    if not isinstance(processes, Missing) and dockerd(host, processes) is None and _waits_for_a_caller(host):
        return EngineAnswer(missing=Missing(Why.ABSENT, "only systemd's docker.socket listens"), is_idle=True)
    socket = docker.SOCKET if isinstance(config, Missing) else _socket(config)
    unserved = "" if socket == docker.SOCKET else _unserved(host)
    if not socket:
        missing = Missing(Why.UNSUPPORTED, "the engine has no Unix socket")
        return EngineAnswer(missing=missing, socket="", unserved=unserved)
    try:
        answer = host.engine("/version", socket=None if socket == docker.SOCKET else HostPath(socket))
    except HostError as error:
        return EngineAnswer(missing=error.missing, socket=socket, unserved=unserved)
    if answer.status != 200:
        return EngineAnswer(
            missing=Missing(Why.UNREADABLE, f"GET /version: status {answer.status}"), socket=socket, unserved=unserved
        )
    return EngineAnswer(version=_object(answer.body), socket=socket, unserved=unserved)


def _unserved(host: Host) -> str:
    """Return why the default socket hangs: systemd listens on it, and the engine elsewhere; "" if it does not hang."""
    if not _waits_for_a_caller(host):
        return ""
    try:
        host.engine("/version")
    except HostError as error:
        return error.missing.reason if error.missing.why is Why.TIMED_OUT else ""
    return ""


def _socket(config: EngineConfig) -> str:
    """Return the engine's Unix socket, the default one first, or "" without one."""
    hosts = config.get("hosts")
    addresses = [text for text in hosts if isinstance(text, str)] if isinstance(hosts, list) else []
    paths = [
        docker.SOCKET if text.startswith("fd:") else text.removeprefix("unix://") or docker.SOCKET
        for text in addresses
        if text.startswith(("unix://", "fd:"))
    ]
    if not addresses or any(path in paths for path in docker.SOCKETS):
        return docker.SOCKET
    return paths[0] if paths else ""


@collector
def engine_version(host: Host, answer: EngineAnswer, upgrade: EngineUpgrade | Missing) -> EngineVersion:
    """Return the supposed version, else that of the running engine, else of the installed one."""
    if isinstance(upgrade, EngineUpgrade):
        return upgrade.after
    text = answer.version.get("Version")
    if isinstance(text, str) and text:
        components = answer.version.get("Components")
        return EngineVersion(
            text=text,
            release=_release(text),
            source="GET /version",
            components=_components(components if isinstance(components, list) else []),
        )
    package = _installed(host)
    if package is not None:
        return package
    if host.is_live():
        said = host.run((docker.PROCESS, "--version")).text
        found = re.search(r"version ([0-9][^\s,]*)", said)
        if found:
            return EngineVersion(text=found[1], release=_release(found[1]), source="dockerd --version")
    raise HostError(Missing(Why.ABSENT, "the package database has no installed Docker Engine"))


@collector
def engine_state(host: Host, answer: EngineAnswer, processes: Processes, units: EngineUnits | Missing) -> EngineState:
    """Return whether the engine runs. Missing on a mounted root, and if doctor is not permitted to connect."""
    process = dockerd(host, processes)
    binary = next((path for path in docker.PROGRAMS if host.exists(path)), "")
    age = None if process is None else _age_s(host, process)

    def state(status: str, reason: str) -> EngineState:
        return EngineState(
            status=status,
            pid=0 if process is None else process.pid,
            started=0.0 if age is None else host.now() - age,
            binary=process.exe.removesuffix(" (deleted)") if process is not None and process.exe else binary,
            reason=reason,
        )

    if answer.missing is None:
        return state("running", "it answers GET /version")
    if answer.is_idle:
        known = EngineUnits(units=()) if isinstance(units, Missing) else units
        unit = known.get(docker.SERVICE)
        # Between failed starts, and after the last one, the socket also listens: that engine is not idle.
        if unit.active == "failed" or unit.sub == "auto-restart":
            return state("down", f"docker.service is {unit.active} ({unit.sub}, {unit.result})")
        return state("idle", answer.missing.reason)
    if answer.missing.why in {Why.DENIED, Why.UNSUPPORTED}:
        raise HostError(answer.missing)
    if process is None:
        installed = binary or host.exists(docker.SOCKET)
        return state("down" if installed else "absent", answer.missing.reason)
    stopped = _stopped(process, processes)
    if stopped is not None:
        reason = f"{answer.missing.reason}; {stopped.comm} (process {stopped.pid}) is stopped by a signal"
        return replace(state("hung", reason), stopped_pid=stopped.pid)
    if age is not None and age < _STARTING_S:
        return state("starting", f"{answer.missing.reason}; process {process.pid} is {age:.0f} s old")
    return state("hung", f"{answer.missing.reason}; process {process.pid} runs")


def _stopped(process: Process, processes: Processes) -> Process | None:
    """Return the process that a signal stopped: dockerd itself, or a containerd that it waits for."""
    able = (process, *processes.of_host(containerd.PROCESS))
    return next((one for one in able if one.state in {"T", "t"}), None)


@collector
def engine_info(host: Host, answer: EngineAnswer) -> EngineInfo:
    """Return the running engine's own information; missing if it does not answer."""
    if answer.missing is not None:
        raise HostError(answer.missing)
    reply = host.engine("/info")
    if reply.status != 200:
        raise HostError(Missing(Why.UNREADABLE, f"GET /info: status {reply.status}"))
    raw = _object(reply.body)
    node = mapping(raw.get("Swarm"))
    return EngineInfo(
        data_root=text(raw.get("DockerRootDir")),
        storage_driver=text(raw.get("Driver")),
        driver_status=_rows(raw.get("DriverStatus")),
        logging_driver=text(raw.get("LoggingDriver")),
        cgroup_driver=text(raw.get("CgroupDriver")),
        default_runtime=text(raw.get("DefaultRuntime")),
        runtimes=tuple(mapping(raw.get("Runtimes"))),
        live_restore=raw.get("LiveRestoreEnabled") is True,
        swarm=text(node.get("LocalNodeState")) or "inactive",
        swarm_error=text(node.get("Error")),
        swarm_managers=len(items(node.get("RemoteManagers"))),
        is_swarm_manager=node.get("ControlAvailable") is True,
        running_containers=number(raw.get("ContainersRunning")),
        debug=raw.get("Debug") is True,
        warnings=texts(raw.get("Warnings")),
        log_drivers=texts(mapping(raw.get("Plugins")).get("Log")),
        volume_drivers=texts(mapping(raw.get("Plugins")).get("Volume")),
        https_proxy=text(raw.get("HttpsProxy")),
        http_proxy=text(raw.get("HttpProxy")),
        no_proxy=text(raw.get("NoProxy")),
        answer=raw,
    )


def _rows(value: Any) -> dict[str, str]:
    """Return pairs of a list of lists ("Supports d_type", "true") as a mapping."""
    rows = value if isinstance(value, list) else ()
    return {str(row[0]): str(row[1]) for row in rows if isinstance(row, list) and len(row) == 2}


def dockerd(host: Host, processes: Processes) -> Process | None:
    """Return this host's own dockerd: if several run, that of the pid file, else the oldest."""
    found = processes.of_host(*docker.PROCESSES)
    if len(found) > 1:
        try:
            pid = int(host.read(docker.PID_FILE, limit_bytes=64))
        except (HostError, ValueError):
            pid = 0
        return next((process for process in found if process.pid == pid), found[0])
    return found[0] if found else None


def _waits_for_a_caller(host: Host) -> bool:
    """Whether a request would start the engine, because systemd holds its socket: then a scan does not send it."""
    if not host.exists(HostPath("/run/systemd/system")):
        return False
    try:
        sockets = host.read(HostPath("/proc/net/unix"))
    except HostError:
        return False
    # Field 4 is the flags, 00010000 = accepting (net/unix/af_unix.c, unix_seq_show).
    return any(
        b" 00010000 " in line for line in sockets.splitlines() if line.endswith(f"/{docker.SOCKET_NAME}".encode())
    )


def _age_s(host: Host, process: Process) -> float | None:
    try:
        uptime = float(host.read(HostPath("/proc/uptime"), limit_bytes=256).split()[0])
    except (HostError, ValueError, IndexError):
        return None
    return max(0.0, uptime - process.start_ticks / _TICKS)


def _installed(host: Host) -> EngineVersion | None:
    """Return the version installed by dpkg; its database is searched for a few names, not parsed."""
    try:
        status = host.read(HostPath("/var/lib/dpkg/status"), limit_bytes=64 << 20)
    except HostError as error:
        if error.is_absent:
            return None
        raise
    status = b"\n" + status
    for name in _PACKAGES:
        start = status.find(b"\nPackage: " + name + b"\n")
        if start < 0:
            continue
        end = status.find(b"\n\n", start + 1)
        entry = status[start + 1 : end if end > 0 else None].decode("utf-8", "replace")
        version = re.search(r"^Version: (?:\d+:)?(\d\S*?)(?:-[^-\s]*)?$", entry, re.MULTILINE)
        if version and " installed" in entry:
            return EngineVersion(
                text=version[1], release=_release(version[1]), source=f"package {name.decode()} (dpkg)"
            )
    return None


def _release(text: str) -> tuple[int, int, int]:
    numbers = [int(number) for number in re.findall(r"\d+", re.split(r"[+~-]", text, maxsplit=1)[0])[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch


def _components(entries: list[Any]) -> dict[str, str]:
    return {str(entry.get("Name", "")): str(entry.get("Version", "")) for entry in entries if isinstance(entry, dict)}


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise HostError(Missing(Why.UNREADABLE, f"the engine's answer is not JSON: {error}")) from error
    if not isinstance(value, dict):
        raise HostError(Missing(Why.UNREADABLE, "the engine's answer is not a JSON object"))
    return value


@collector
def engines(host: Host, processes: Processes, info: EngineInfo | Missing) -> Engines:
    """Return the engines; the answer of the usual socket names the data root of its own."""
    first = dockerd(host, processes)
    found = sorted(processes.of_host(*docker.PROCESSES), key=lambda one: one != first)
    # A start in progress has a parent of the same name for a moment.
    pids = {one.pid for one in found}
    items = tuple(_engine(one) for one in found if one.ppid not in pids)
    return Engines(items=items, answering="" if isinstance(info, Missing) else info.data_root)


def _engine(process: Process) -> RunningEngine:
    roots = _values(process, "--data-root", "-g", "--graph")
    hosts = _values(process, "-H", "--host")
    usual = {"unix://", *(f"unix://{path}" for path in docker.SOCKETS)}
    return RunningEngine(
        pid=process.pid,
        program=process.exe.removesuffix(" (deleted)"),
        root=HostPath(roots[-1] if roots else docker.DEFAULT_ROOT),
        # A settings file of its own may name other addresses.
        wants_socket=any(text in usual or text.startswith("fd:") for text in hosts)
        if hosts
        else not _values(process, "--config-file"),
    )


def _values(process: Process, *names: str) -> list[str]:
    """Return the values of a flag, in both spellings."""
    words = process.argv[1:]
    found = [word.partition("=")[2] for word in words if word.partition("=")[0] in names and "=" in word]
    return found + [words[at + 1] for at, word in enumerate(words[:-1]) if word in names]
