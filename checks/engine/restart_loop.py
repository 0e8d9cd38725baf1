"""systemd restarts the engine repeatedly."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.engine.units import EngineUnits

_MANY = 3


@check(
    severity=Severity.ERROR,
    causes=("engine/start-failure",),
    ok="the engine was not restarted repeatedly",
    messages=(
        Message(
            pattern="start request repeated too quickly|Failed with result 'start-limit-hit'",
            example="docker.service: Start request repeated too quickly.",
            means="systemd gave up after several failed starts; the log lines before the first failure show the reason",
            do="read 'journalctl -u docker', resolve the reason, then 'systemctl reset-failed docker' and start it",
            also=("engine/start-failure",),
        ),
    ),
)
def restart_loop(units: EngineUnits) -> Iterator[Finding]:
    """The engine exits and is restarted repeatedly, or systemd no longer restarts it.

    What it looks at:
        NRestarts and Result of docker.service: more than three automatic restarts, or "start-limit-hit".

    Why it matters:
        Each start changes networks and containers, and each exit stops containers. After too many restarts, systemd refuses even
        a manual start ("Start request repeated too quickly") until ``systemctl reset-failed``.

    How it is fixed:
        By repairing the cause, which is usually another finding. When doctor starts the engine, it first resets the counter.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#StartLimitIntervalSec=interval
    """
    unit = units.get(docker.SERVICE)
    gave_up = unit.result == "start-limit-hit" and unit.active == "failed"
    if not gave_up and unit.restarts <= _MANY:
        return
    what = "systemd no longer restarts the engine" if gave_up else f"the engine was restarted {unit.restarts} times"
    yield Finding(
        subject=Subject("unit", docker.SERVICE),
        message=f"{what}: it repeatedly exits by itself",
        evidence=(
            Evidence(
                "systemctl show",
                f"ActiveState={unit.active}, SubState={unit.sub}, Result={unit.result}, NRestarts={unit.restarts}",
            ),
        ),
        severity=None if unit.active != "active" else Severity.WARNING,
    )
