"""systemd starts the engine again and again."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.units import EngineUnits

_MANY = 3


@check(severity=Severity.ERROR, causes=("engine/start-failure",), ok="the engine was not restarted again and again")
def restart_loop(units: EngineUnits) -> Iterator[Finding]:
    """The engine ends and is started again and again, or systemd has given up on it.

    What it looks at:
        NRestarts and Result of docker.service: more than three automatic restarts, or "start-limit-hit".

    Why it matters:
        Each start checks and changes networks and containers, and each end stops them. After too many, systemd refuses even a
        start by hand ("Start request repeated too quickly") until ``systemctl reset-failed``.

    How it is fixed:
        By its cause. A start by doctor clears the counter first.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#StartLimitIntervalSec=interval
    """
    unit = units.get("docker.service")
    gave_up = unit.result == "start-limit-hit" and unit.active == "failed"
    if not gave_up and unit.restarts <= _MANY:
        return
    what = "systemd has given up on the engine" if gave_up else f"the engine was restarted {unit.restarts} times"
    yield Finding(
        subject=Subject("unit", "docker.service"),
        message=f"{what}: it ends by itself",
        evidence=(Evidence("systemctl show", f"{unit.active} {unit.sub}, {unit.result}, NRestarts={unit.restarts}"),),
        severity=None if unit.active != "active" else Severity.WARNING,
    )
