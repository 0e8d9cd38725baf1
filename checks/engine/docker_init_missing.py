"""docker-init is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.starts.engine import StartingEngine


@check(severity=Severity.INFO, ok="docker-init is installed, or another program takes its place")
def docker_init_missing(
    programs: EnginePrograms, config: EngineConfig, engine: StartingEngine | Missing
) -> Iterator[Finding]:
    """The program docker-init is missing, so a container with an init process can't be started.

    What it looks at:
        The file docker-init in the directories of the engine's programs, unless ``init-path`` names another one, and whether the
        settings or a container ask for an init process.

    Why it matters:
        ``docker run --init`` and ``init: true`` in a compose file fail: "exec: docker-init: executable file not found". If no
        container asks for one, this is only a note.

    How it is fixed:
        Manually: reinstall the engine's package, which has the program; some distributions have it in a package of its own (tini).

    References:
        https://docs.docker.com/reference/cli/docker/container/run/#init
    """
    if docker.INIT in programs.found or config.get("init-path"):
        return
    is_used = isinstance(engine, StartingEngine) and engine.uses_init
    users = "containers of this host ask for it, and don't start" if is_used else "'docker run --init' fails"
    yield Finding(
        subject=Subject("program", docker.INIT),
        message=f"{docker.INIT} is missing: {users}",
        evidence=(Evidence("file system", programs.broken.get(docker.INIT, f"none next to {programs.dockerd}")),),
        severity=Severity.ERROR if is_used else None,
    )
