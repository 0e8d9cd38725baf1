"""The engine does not run."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.details import EngineDown
from doctor.facts.engine.start import STOPPERS
from doctor.facts.engine.state import EngineState
from doctor.facts.engine.units import EngineUnits


@check(severity=Severity.CRITICAL, detail=EngineDown, causes=STOPPERS, ok="the engine answers")
def down(state: EngineState, units: EngineUnits | Missing) -> Iterator[Finding]:
    """The engine is installed and does not run, so no container can be started, stopped or looked at.

    What it looks at:
        Whether anything answers on the engine's socket and whether its process is there; what systemd says of its unit. An
        engine that waits behind systemd's socket for its first caller is not down.

    Why it matters:
        Containers go on running for a while, published ports of the userland proxy refuse, nothing is restarted, and logs of
        containers that write much block them.

    How it is fixed:
        It is started, after what kept it from starting is mended. Where a person must mend that first, doctor does not try. A unit
        that was stopped and disabled or masked on purpose is only reported.

    References:
        https://docs.docker.com/engine/daemon/troubleshoot/
    """
    if state.status != "down":
        return
    unit = None if isinstance(units, Missing) else units.get("docker.service")
    evidence = [Evidence("/var/run/docker.sock", state.reason)]
    is_wanted, how = True, "disabled: nothing starts it"
    if unit is not None and unit.exists:
        is_masked = unit.load == "masked"
        is_wanted = not is_masked and (unit.active != "inactive" or unit.file_state != "disabled")
        if is_masked:
            how = "masked: systemd refuses to start it"
        evidence.append(Evidence("docker.service", f"{unit.active} ({unit.result}), {unit.file_state}"))
    yield Finding(
        subject=Subject("engine", "dockerd"),
        message="no container can be started or looked at: the engine does not run"
        if is_wanted
        else f"the engine was stopped and {how}",
        evidence=tuple(evidence),
        detail=EngineDown(is_wanted=is_wanted),
        severity=None if is_wanted else Severity.INFO,
    )
