"""runc's state of a dead container is in the way."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfFile
from doctor.facts.engine.files import RuntimeStates


@check(severity=Severity.ERROR, detail=OfFile, ok="the runtime left nothing of containers that are dead")
def runc_state_leftover(states: RuntimeStates, containers: Containers | Missing) -> Iterator[Finding]:
    """The runtime's state of a dead container is still there, so the container can't be started again.

    What it looks at:
        Directories in ``runtime-runc/moby`` below the exec root (/run/docker) for whose container neither the process that runc
        noted nor a shim runs.

    Why it matters:
        runc says "container with given ID already exists", and neither ``docker start`` nor a restart policy gets past it.

    How it is fixed:
        The directory goes into quarantine: it describes a process that no longer exists.

    References:
        https://github.com/moby/moby/issues/29748
        https://github.com/opencontainers/runc/blob/v1.1.15/libcontainer/factory_linux.go
    """
    known = containers.directories if isinstance(containers, Containers) else ()
    for state in states.items:
        if state.is_alive or state.container_id not in known:
            continue
        container = containers.get(state.container_id) if isinstance(containers, Containers) else None
        title = container.title if container is not None else state.container_id[:12]
        yield Finding(
            subject=Subject("container", title),
            message=f"container {title} can't be started: the runtime still has the state of its dead process",
            evidence=(Evidence(state.path, f"process {state.pid or 'unknown'} does not run, and no shim does"),),
            detail=OfFile(path=state.path),
        )
