"""Checks that the programs of the engine that a unit or a package names exist: a few stat calls on a healthy host."""

from collections.abc import Iterator

from doctor.collect.config import unit as engine_unit
from doctor.collect.engine.programs import PLACES, problem_of
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig, Place
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.missing_programs import MissingProgram, MissingPrograms
from doctor.facts.engine.state import EngineState
from doctor.facts.host.packages import Packages
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join, parent

_OWNERS = {
    docker.PROCESS: ("docker-ce", "moby-engine", "docker.io", "docker-engine"),
    containerd.PROCESS: ("containerd.io", "moby-containerd", "containerd"),
    docker.RUNC: ("containerd.io", "moby-runc", "runc"),
}
_ELSEWHERE = ("/opt/bin", "/opt/docker", "/opt/docker/bin", "/run/torcx/bin", "/run/current-system/sw/bin")
_INFO = HostPath("/var/lib/dpkg/info")


@collector
def missing_programs(
    host: Host,
    config: EngineConfig | Missing,
    packages: Packages | Missing,
    state: EngineState | Missing,
    root: DataRoot | Missing,
) -> MissingPrograms:
    """Return the missing programs. The unit has priority over the package: it may start the engine from another path."""
    named = None if isinstance(config, Missing) else _of_unit(config)
    has_engine = named is None and _has_engine(host, state)
    engine = None
    if isinstance(state, EngineState) and state.pid and host.exists(HostPath(state.binary or "/nowhere")):
        has_engine = True
    elif named is not None:
        engine = _of_command(host, docker.PROCESS, *named)
        has_engine = engine is None
    elif not has_engine:
        engine = _of_package(host, docker.PROCESS, packages) or _that_can_not_run(host)
    # If dockerd exists, a missing runc is a separate finding.
    helpers = (containerd.PROCESS,) if has_engine else (containerd.PROCESS, docker.RUNC)
    found = [engine, *(_of_helper(host, name, packages) for name in helpers)]
    items = tuple(one for one in found if one is not None)
    live = isinstance(state, EngineState) and state.status in {"absent", "down"}
    orphaned = _containers(host, root) if live and not has_engine and engine is None else 0
    return MissingPrograms(items=items, orphaned=orphaned)


def _of_unit(config: EngineConfig) -> tuple[Place, str] | None:
    """Return the effective ExecStart of docker.service, with its location."""
    flags = config.flags
    return flags.commands[-1] if flags.launcher == "systemd" and flags.commands else None


def _engines() -> tuple[HostPath, ...]:
    """Return the usual paths of a dockerd that no unit names."""
    return (*docker.PROGRAMS, *(HostPath(f"{place}/{docker.PROCESS}") for place in _ELSEWHERE))


def _has_engine(host: Host, state: EngineState | Missing) -> bool:
    if isinstance(state, EngineState) and state.pid and not state.binary:
        return True  # it runs from a path that can't be read
    return any(problem_of(host, path) == "" for path in _engines())


def _that_can_not_run(host: Host) -> MissingProgram | None:
    """Return an existing dockerd that can't be executed, if neither a unit nor a package names its path."""
    for path in _engines():
        problem = problem_of(host, path)
        if problem:
            return MissingProgram(
                name=docker.PROCESS, path=path, problem=problem, where="usual directories", is_packaged=False
            )
    return None


def _of_helper(host: Host, name: str, packages: Packages | Missing) -> MissingProgram | None:
    if any(problem_of(host, HostPath(f"{place}/{name}")) == "" for place in PLACES):
        return None
    launch = engine_unit.EngineLaunch()
    if name == containerd.PROCESS and engine_unit.read(host, launch, containerd.SERVICE) and launch.commands:
        return _of_command(host, name, *launch.commands[-1])
    return _of_package(host, name, packages)


def _of_command(host: Host, name: str, place: Place, command: str) -> MissingProgram | None:
    """Return the missing program of ExecStart; a name without a path, or with a variable, is not judged."""
    path = next(iter(command.split()), "").lstrip("@-:+!|").strip("\"'")
    if not path.startswith("/") or any(sign in path for sign in "$%\\*"):
        return None
    return _missing(host, name, HostPath(path), f"{place.file}:{place.line}", is_packaged=place.is_packaged)


def _of_package(host: Host, name: str, packages: Packages | Missing) -> MissingProgram | None:
    """Return the missing program in dpkg's list of an installed package's files."""
    package = None if isinstance(packages, Missing) else packages.first(*_OWNERS[name])
    if package is None:
        return None
    path = join(_INFO, f"{package.name}.list")
    try:
        listed = decode(host.read(path, limit_bytes=1 << 20)).split("\n")
    except HostError:
        return None
    named = next((line for line in listed if line.endswith(f"bin/{name}")), "")
    return _missing(host, name, HostPath(named), str(path), is_packaged=True) if named.startswith("/") else None


def _missing(host: Host, name: str, path: HostPath, where: str, *, is_packaged: bool) -> MissingProgram | None:
    try:
        if not host.is_live() and not host.exists(host.resolve(parent(path))):
            return None  # a part of a root, say a copy of its /etc
    except HostError:
        return None
    problem = problem_of(host, path)
    if problem == "":
        return None
    return MissingProgram(name=name, path=path, problem=problem or "no such file", where=where, is_packaged=is_packaged)


def _containers(host: Host, root: DataRoot | Missing) -> int:
    if isinstance(root, Missing) or not root.has(docker.CONTAINERS):
        return 0
    return sum(1 for _ in _directories(host, root.at(docker.CONTAINERS)))


def _directories(host: Host, top: HostPath) -> Iterator[str]:
    try:
        yield from (name for name, kind in host.scandir(top, follow=False) if kind == "d")
    except HostError:
        return
