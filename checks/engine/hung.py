"""The engine runs and does not answer."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.details import EngineHung
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.CRITICAL,
    detail=EngineHung,
    causes=("engine/socket-lost", "state/socket-wrong-type"),
    ok="the engine answers in time",
)
def hung(state: EngineState) -> Iterator[Finding]:
    """The engine's process is there and does not answer, so every docker command hangs or fails.

    What it looks at:
        One question to the engine's socket, with a limit of three seconds, and the age of its process: a start with many
        containers takes long. Younger than a minute it is not judged, and the scan is incomplete: look again.

    Why it matters:
        Containers go on running, but nothing can be changed or looked at. A hung mount below the data root, a dead volume plugin
        or a lock that never comes free are usual reasons.

    How it is fixed:
        By a person: ``kill -USR1`` makes dockerd write all its stacks to its log's directory, which tells why. Then restart it; with
        live-restore containers live on.

    References:
        https://docs.docker.com/engine/daemon/logs/#force-a-stack-trace-to-be-logged
    """
    if state.status == "hung":
        yield Finding(
            subject=Subject("engine", "dockerd"),
            message=f"docker commands hang or fail: process {state.pid} is the engine, and it does not answer",
            evidence=(Evidence("/var/run/docker.sock", state.reason),),
            detail=EngineHung(pid=state.pid),
        )
