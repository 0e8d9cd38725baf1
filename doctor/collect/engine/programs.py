"""Searches the engine's helper programs."""

from doctor.collect.engine.program_files import LIBRARY, problem_of_content
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.programs import NAMES, EnginePrograms
from doctor.facts.engine.state import EngineState
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, parent

PLACES = (
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    *docker.HELPER_DIRECTORIES,
)


@collector
def engine_programs(host: Host, state: EngineState | Missing, config: EngineConfig | Missing) -> EnginePrograms:
    """Return the programs, by name, in the directories of a service's PATH and beside dockerd."""
    known = () if isinstance(state, Missing) or not state.binary else (HostPath(state.binary),)
    dockerd = next((path for path in (*known, *docker.PROGRAMS) if host.exists(path)), None)
    if dockerd is None:
        raise HostError(Missing(Why.ABSENT, "dockerd is not installed here"))
    found: dict[str, str] = {}
    broken: dict[str, str] = {}
    for name in NAMES:
        places = dict.fromkeys((*PLACES, parent(dockerd)))
        _look_up(host, name, [HostPath(f"{place}/{name}") for place in places], found, broken)
    runtime, path = _default_runtime(config)
    if path.startswith("/"):
        _look_up(host, runtime, [HostPath(path)], found, broken)
    lacks = {name: lacks_of(text) for name, text in broken.items() if name not in found}
    return EnginePrograms(
        dockerd=dockerd,
        found=found,
        broken=broken,
        runtime=runtime,
        lacks=lacks,
        owners=_owners(host, lacks) if lacks else {},
    )


def _owners(host: Host, lacks: dict[str, str]) -> dict[str, str]:
    from doctor.collect.host.package_files import owner  # noqa: PLC0415 - only for a broken program

    return {name: package for name, file in lacks.items() if (package := owner(host, file)) is not None}


def _look_up(host: Host, name: str, paths: list[HostPath], found: dict[str, str], broken: dict[str, str]) -> None:
    for path in paths:
        problem = problem_of(host, path)
        if problem is None:
            continue
        if not problem:
            found[name] = path
            broken.pop(name, None)
            break
        broken.setdefault(name, f"{path}: {problem}")


def _default_runtime(config: EngineConfig | Missing) -> tuple[str, str]:
    """Return name and path of the default runtime; "" for a path that the settings don't name."""
    if isinstance(config, Missing):
        return docker.RUNC, ""
    name, known = config.get("default-runtime"), config.get("runtimes")
    entry = known.get(name) if isinstance(known, dict) and isinstance(name, str) else None
    path = entry.get("path") if isinstance(entry, dict) else None
    return (str(name), path) if isinstance(path, str) else (docker.RUNC, "")


def lacks_of(broken: str) -> str:
    """Return what makes a broken program work again: its own path, or the name of the library that it lacks."""
    path, _, problem = broken.partition(": ")
    return problem.removeprefix(LIBRARY).partition(" ")[0] if problem.startswith(LIBRARY) else path


def problem_of(host: Host, path: HostPath) -> str | None:
    """Return "" for a usable program, its problem, or ``None`` if it does not exist."""
    try:
        found = host.lstat(host.resolve(path))
    except HostError:
        return None
    if found.kind != "f":
        return "not a file"
    if not found.mode & 0o111:
        return "not executable"
    return problem_of_content(host, path) if found.size else "empty"
