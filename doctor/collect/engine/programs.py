"""Searches the engine's helper programs."""

from doctor.engines.docker import places as docker
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
def engine_programs(host: Host, state: EngineState | Missing) -> EnginePrograms:
    """Return the programs, by name, in the directories of a service's PATH and beside dockerd."""
    known = () if isinstance(state, Missing) or not state.binary else (HostPath(state.binary),)
    dockerd = next((path for path in (*known, *docker.PROGRAMS) if host.exists(path)), None)
    if dockerd is None:
        raise HostError(Missing(Why.ABSENT, "dockerd is not installed here"))
    found: dict[str, str] = {}
    broken: dict[str, str] = {}
    for name in NAMES:
        for place in dict.fromkeys((*PLACES, parent(dockerd))):
            path = HostPath(f"{place}/{name}")
            problem = problem_of(host, path)
            if problem is None:
                continue
            if not problem:
                found[name] = path
                broken.pop(name, None)
                break
            broken.setdefault(name, f"{path}: {problem}")
    return EnginePrograms(dockerd=dockerd, found=found, broken=broken)


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
    return "" if found.size else "empty"
