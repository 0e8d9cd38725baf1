"""Finds the runtime that the engine would start, and how it would start it."""

import platform
import re
from typing import Any

from msgspec import Struct

from doctor.collect.config.values import seccomp_profile
from doctor.collect.engine.programs import PLACES, lacks_of, problem_of
from doctor.collect.host.package_files import owner
from doctor.collect.starts.limits import limits_of
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState
from doctor.facts.host.processes import Processes, program
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.starts.runtime import HostRuntime
from doctor.formats.config.seccomp_profile import to_oci
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.process import Process

_PACKAGES = ("runc", "crun", "containerd.io", "moby-runc", "docker-ce", "docker.io")
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")
"""The PATH of a service of systemd."""
_SHIMS = re.compile(r"io\.containerd\..*")
_OPTION = "native.cgroupdriver="
_UNLIMITED = 1 << 64
"""-1 in the settings is the greatest number in config.json."""
_SECCOMP = HostPath("/proc/sys/kernel/seccomp")
_APPARMOR = HostPath("/sys/kernel/security/apparmor/profiles")
_PROFILE = "docker-default"
_CAPABILITIES = frozenset(
    f"CAP_{name}"
    for name in [
        "CHOWN",
        "DAC_OVERRIDE",
        "FSETID",
        "FOWNER",
        "MKNOD",
        "NET_RAW",
        "SETGID",
        "SETUID",
        "SETFCAP",
        "SETPCAP",
        "NET_BIND_SERVICE",
        "SYS_CHROOT",
        "KILL",
        "AUDIT_WRITE",
    ]
)


class _Named(Struct, frozen=True):
    """The runtime that the settings name."""

    name: str
    program: str = docker.RUNC
    arguments: tuple[str, ...] = ()
    origin: str = "default"


@collector
def host_runtime(
    host: Host,
    config: EngineConfig | Missing,
    state: EngineState | Missing,
    processes: Processes | Missing,
    cgroups: Cgroups | Missing,
) -> HostRuntime:
    """Return the runtime; missing if the default runtime is a shim of its own (kata), which only containerd can start."""
    has_engine = isinstance(state, EngineState) and state.status != "absent"
    named = _named(config) if has_engine and isinstance(config, EngineConfig) else _Named(docker.RUNC)
    starter = None if isinstance(processes, Missing) else _starter(processes)
    search = _search(host, starter)
    path = _found(host, named.program, search)
    if not has_engine and not path:
        if (refused := _refused(host, state, processes)) is not None:
            raise HostError(refused)
        raise HostError(Missing(Why.ABSENT, "this host has no Docker Engine and no runc"))
    problem = problem_of(host, HostPath(path)) or "" if path else ""
    lacks = lacks_of(f"{path}: {problem}")
    settings = config if isinstance(config, EngineConfig) and has_engine else EngineConfig()
    profile = settings.get("seccomp-profile")
    is_v2 = isinstance(cgroups, Cgroups) and cgroups.mode == "v2"
    return HostRuntime(
        name=named.name,
        path=path,
        program="" if named.program == docker.RUNC else named.program,
        problem=problem,
        lacks=lacks,
        owner=_owner(host, lacks, is_suspect=bool(problem)),
        arguments=named.arguments,
        search=search,
        origin=named.origin,
        user=program(starter) if starter is not None else "",
        pid=starter.pid if starter is not None else 0,
        limits=limits_of(host, starter.pid) if starter is not None else {},
        uses_systemd=_uses_systemd(host, settings, is_v2=is_v2),
        parent=str(settings.get("cgroup-parent") or ""),
        cgroup_namespace=is_v2,
        rlimits=_rlimits(settings.get("default-ulimits")),
        seccomp=_seccomp(host, settings),
        seccomp_path=profile if isinstance(profile, str) and profile.startswith("/") else "",
        seccomp_problem=seccomp_profile(host, settings)[1],
        apparmor=_apparmor(host),
    )


def _refused(host: Host, *needed: object) -> Missing | None:
    """Return why it is unknown whether this host has a runtime: a refused read does not show absence."""
    found = next((one for one in needed if isinstance(one, Missing) and not one.is_harmless), None)
    if found is not None:
        return found
    for place in PLACES:
        try:
            host.lstat(HostPath(f"{place}/{docker.RUNC}"))
        except HostError as error:
            if not error.is_absent:
                return error.missing
    return None


def _named(config: EngineConfig) -> _Named:
    name = config.get("default-runtime")
    name = name if isinstance(name, str) and name else docker.RUNC
    known = config.get("runtimes")
    entry = known.get(name) if isinstance(known, dict) else None
    if not isinstance(entry, dict):
        if _SHIMS.fullmatch(name) and name != containerd.RUNC_SHIM:
            raise HostError(Missing(Why.ABSENT, f"the default runtime {name} is a shim, which only containerd starts"))
        return _Named(name, name if "/" in name else docker.RUNC)
    origin = config.setting("runtimes").place
    if entry.get("runtimeType"):
        raise HostError(Missing(Why.ABSENT, f"the default runtime {name} is a shim, which only containerd starts"))
    given = entry.get("runtimeArgs")
    # A slice is the value itself: the settings print, and encode, such words masked.
    arguments = tuple(word[:] for word in given if isinstance(word, str)) if isinstance(given, list) else ()
    return _Named(name, str(entry.get("path") or docker.RUNC), arguments, origin)


def _starter(processes: Processes) -> Process | None:
    """Return the process whose environment and limits a shim inherits: containerd, dockerd's own or the service."""
    found = processes.of_host(containerd.PROCESS) or processes.of_host(*docker.PROCESSES)
    return found[0] if found else None


def _search(host: Host, starter: Process | None) -> tuple[str, ...]:
    try:
        words = host.environ(starter.pid).get("PATH", "") if starter is not None else ""
    except HostError:
        words = ""
    return tuple(word[:] for word in words.split(":") if word.startswith("/")) or _PATH


def _found(host: Host, program: str, search: tuple[str, ...]) -> str:
    """Return the path of a program; a file that can't be executed is returned too, if there is no other."""
    if "/" in program:
        return program
    there = [HostPath(f"{place}/{program}") for place in dict.fromkeys((*search, *PLACES))]
    problems = {path: problem for path in there if (problem := problem_of(host, path)) is not None}
    able = (path for path, problem in problems.items() if problem != "not executable")
    return next(able, next(iter(problems), ""))


def _owner(host: Host, lacks: str, *, is_suspect: bool) -> str | None:
    """Return the package of a file; without suspicion, only the usual packages are searched."""
    if is_suspect or not lacks:
        return owner(host, lacks) if lacks else None
    if lacks.startswith("/usr/local/"):
        return ""
    return owner(host, lacks, _PACKAGES) or None


def _rlimits(value: Any) -> tuple[dict[str, Any], ...]:
    """Return ``default-ulimits`` as config.json has them."""
    found = []
    for name, limit in value.items() if isinstance(value, dict) else ():
        soft, hard = (limit.get(word) for word in ("Soft", "Hard")) if isinstance(limit, dict) else (None, None)
        if isinstance(soft, int) and isinstance(hard, int):
            numbers = {"soft": soft % _UNLIMITED, "hard": hard % _UNLIMITED}
            found.append({"type": f"RLIMIT_{name.upper()}", **numbers})
    return tuple(found)


def _seccomp(host: Host, config: EngineConfig) -> dict[str, Any] | None:
    """Return the profile of containers: that of the settings, {} for none, ``None`` for the engine's default profile."""
    if config.get("seccomp-profile") == "unconfined" or not host.exists(_SECCOMP):
        return {}
    profile, _ = seccomp_profile(host, config)
    return None if profile is None else to_oci(profile, machine=platform.machine(), capabilities=_CAPABILITIES)


def _apparmor(host: Host) -> str:
    """Return the engine's AppArmor profile if it is loaded; else the engine would load it at a start."""
    try:
        loaded = decode(host.read(_APPARMOR, limit_bytes=4 << 20)).splitlines()
    except HostError:
        return ""
    return _PROFILE if any(line.startswith(f"{_PROFILE} ") for line in loaded) else ""


def _uses_systemd(host: Host, config: EngineConfig, *, is_v2: bool) -> bool:
    """Return whether systemd makes the groups: as set, else if systemd runs and the hierarchy is v2 (moby cgroupDriver)."""
    options = config.get("exec-opts")
    for option in options if isinstance(options, list) else ():
        if isinstance(option, str) and option.startswith(_OPTION):
            return option.removeprefix(_OPTION) == "systemd"
    return is_v2 and host.exists(HostPath("/run/systemd/system"))
