"""The engine runs but does not answer."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.engine.details import EngineHung
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.CRITICAL,
    detail=EngineHung,
    breaks=("start",),
    causes=(
        "engine/authorization-plugin-dead",
        "engine/helper-stopped",
        "engine/socket-lost",
        "state/socket-wrong-type",
    ),
    ok="the engine answers in time",
    messages=(
        Message(
            pattern=r"docker (?:ps|info|images|inspect|stop|rm|exec|logs)\b.{0,40}\b(?:hangs?|hanging|stuck|never returns)",
            example="docker ps hangs",
            means="dockerd accepts the request and does not answer, often because of a container on a dead NFS mount or a stopped containerd",
            do="find processes in state D with 'ps -eo pid,stat,wchan,args', restore their mount or server, and restart the engine",
            also=("engine/containerd-down", "engine/socket-unserved"),
        ),
    ),
)
def hung(state: EngineState) -> Iterator[Finding]:
    """The engine's process exists but does not answer, so every docker command hangs or fails.

    What it looks at:
        One request to the engine's socket, with a timeout of three seconds, and the age of its process, because a start with many
        containers takes long. If the process is younger than a minute, the scan is incomplete: repeat it later. A process that a
        signal stopped never answers, whatever its age: dockerd, or the containerd that it waits for.

    Why it matters:
        Containers keep running but can't be managed or inspected. Usual causes are a hung mount below the data root, a dead
        volume plugin, or a deadlock.

    How it is fixed:
        Manually: ``kill -CONT`` continues a stopped process. Otherwise ``kill -USR1`` makes dockerd write its stack traces to a file, which shows the cause. Then restart the engine;
        with live-restore, containers keep running.

    References:
        https://docs.docker.com/engine/daemon/logs/#force-a-stack-trace-to-be-logged
    """
    if state.status == "hung":
        yield Finding(
            subject=Subject("engine", docker.PROCESS),
            message=f"the engine (process {state.pid}) does not answer: docker commands hang or fail{_why(state)}",
            evidence=(Evidence(docker.SOCKET, state.reason.removeprefix(f"{docker.SOCKET}: ")),),
            detail=EngineHung(pid=state.pid, stopped_pid=state.stopped_pid),
        )


def _why(state: EngineState) -> str:
    if not state.stopped_pid:
        return ""
    return f", because {'it' if state.stopped_pid == state.pid else 'its containerd'} is stopped by a signal"
