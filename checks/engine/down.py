"""The engine does not run."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.engine.details import EngineDown
from doctor.facts.engine.start import STOPPERS
from doctor.facts.engine.state import EngineState
from doctor.facts.engine.units import EngineUnits


@check(
    severity=Severity.CRITICAL,
    detail=EngineDown,
    causes=STOPPERS,
    # Every docker-proxy ends with the engine.
    ends_anywhere=("proxy-missing",),
    ok="the engine answers",
    messages=(
        Message(
            pattern=r"Cannot connect to the Docker daemon|Is the docker daemon running|failed to connect to the docker API at|dial unix \S*docker\.sock: connect: (?:no such file or directory|connection refused)|Connection aborted\.', (?:FileNotFoundError|ConnectionRefusedError)\(\d+, '[\w ]+'",
            example="Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            means="nothing answers on the engine's socket",
            do="start the engine with 'systemctl start docker', and read its log if that fails",
            also=(
                "access/client-points-nowhere",
                "access/no-local-socket",
                "engine/hung",
                "engine/socket-lost",
                "engine/socket-unserved",
                "engine/start-failure",
                "state/socket-wrong-type",
            ),
            apart="whether dockerd runs ('pgrep -a dockerd'), whether the socket exists, and whether DOCKER_HOST or 'docker context ls' names another one",
        ),
    ),
)
def down(state: EngineState, units: EngineUnits | Missing) -> Iterator[Finding]:
    """The engine is installed but does not run, so no container can be started, stopped or inspected.

    What it looks at:
        Whether the engine's socket answers, whether its process exists, and the state of its systemd unit. An engine that systemd
        will start at the first connection to its socket is not down.

    Why it matters:
        Containers keep running for a while, but published ports of the userland proxy refuse connections, nothing is restarted,
        and containers that log much block when their pipes are full.

    How it is fixed:
        The engine is started after the problems that block its start are repaired. If one of them needs a manual repair, doctor
        does not start the engine. A unit that was stopped and disabled or masked on purpose is only reported.

    References:
        https://docs.docker.com/engine/daemon/troubleshoot/
    """
    if state.status != "down":
        return
    unit = None if isinstance(units, Missing) else units.get(docker.SERVICE)
    evidence = [Evidence(docker.SOCKET, state.reason.removeprefix(f"{docker.SOCKET}: "))]
    is_wanted, how = True, "disabled: nothing starts it"
    if unit is not None and unit.exists:
        is_masked = unit.load == "masked"
        is_wanted = not is_masked and (unit.active != "inactive" or unit.file_state != "disabled")
        if is_masked:
            how = "masked: systemd refuses to start it"
        evidence.append(Evidence(docker.SERVICE, f"{unit.active} ({unit.result}), {unit.file_state}"))
    yield Finding(
        subject=Subject("engine", docker.PROCESS),
        message="the engine does not run: no container can be started or inspected"
        if is_wanted
        else f"the engine was stopped and {how}",
        evidence=tuple(evidence),
        detail=EngineDown(is_wanted=is_wanted),
        severity=None if is_wanted else Severity.INFO,
    )
