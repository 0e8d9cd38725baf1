"""The runtime lost the state of a running container."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.details import LostState
from doctor.facts.engine.directories import EngineDirectories


@check(
    severity=Severity.ERROR,
    detail=LostState,
    ok="the runtime knows each running container",
    messages=(
        Message(
            pattern=r"container \S+ is not running: (?:not found|exited)|runc did not terminate successfully.*container .*does not exist|did not receive an exit event.*no running task found: task \S+ not found|no running task found: task \S+ not found",
            example="Error response from daemon: cannot stop container: web: tried to kill container, but did not receive an exit event: no running task found: task 2ee780ebd501 not found",
            means="containerd or runc has no state of the container",
            do="end its process, then restart the engine",
        ),
    ),
)
def runtime_state_missing(directories: EngineDirectories) -> Iterator[Finding]:
    """The runtime has no state of a running container, so the container can't be stopped, restarted or entered.

    What it looks at:
        ``state.json`` below the exec root (``/run/docker/runtime-runc/moby/ID``) for each container that runs with runc.

    Why it matters:
        A cleaner of temporary files or ``rm -rf`` removed it. ``docker exec`` fails with "container does not exist". ``docker
        stop``, ``docker restart`` and a stop of the engine wait forever, because runc can't signal a container without its state.

    How it is fixed:
        Manually, because the state can't be recreated: kill the container's first process by its id, which ends the container,
        and start the container again; its files are kept. If the files of the engine's containerd are missing too, that start
        fails until the engine is restarted.

    References:
        https://github.com/opencontainers/runc/blob/v1.1.15/libcontainer/factory_linux.go
    """
    for one in directories.lost:
        yield Finding(
            subject=Subject("container", one.name),
            message=f"the runtime state of container {one.name} is missing: it can't be stopped, restarted or entered",
            evidence=(Evidence(f"{one.path}/state.json", "no such file"), Evidence("its first process", str(one.pid))),
            detail=one,
        )
