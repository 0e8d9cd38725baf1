"""The runtime has stale state of a dead container."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfFile
from doctor.facts.engine.files import RuntimeStates


@check(
    severity=Severity.ERROR,
    detail=OfFile,
    ok="the runtime has no stale state of dead containers",
    messages=(
        Message(
            pattern=r"container with (?:id exists|given ID already exists)(?:: \S+)?",
            example="OCI runtime create failed: container with given ID already exists: unknown",
            means="the runtime still has state of an earlier run of the container",
            do="let 'doctor fix' remove the stale state, then start the container",
        ),
    ),
)
def runc_state_leftover(states: RuntimeStates, containers: Containers | Missing) -> Iterator[Finding]:
    """The runtime has stale state of a dead container, so the container can't start again.

    What it looks at:
        Directories in ``runtime-runc/moby`` below the exec root (/run/docker) of containers of which neither the process that
        runc recorded nor a shim runs.

    Why it matters:
        runc fails with "container with given ID already exists": neither ``docker start`` nor a restart policy works.

    How it is fixed:
        The directory is moved to quarantine: it describes a process that no longer exists.

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
            message=f"the runtime has stale state of container {title}, whose process is dead: the container can't start",
            evidence=(Evidence(state.path, f"process {state.pid or 'unknown'} does not run, nor does a shim"),),
            detail=OfFile(path=state.path),
        )
