"""systemd has not read the engine's unit files since they changed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.units import EngineUnits


@check(severity=Severity.WARNING, ok="systemd has read the engine's units as they are")
def unit_drift(units: EngineUnits) -> Iterator[Finding]:
    """A unit file or drop-in of the engine changed and systemd has not read it, so the change is not in force.

    What it looks at:
        NeedDaemonReload of docker.service, docker.socket and containerd.service.

    Why it matters:
        A restart of the engine uses what systemd read before: a proxy or a flag in a drop-in seems to have no effect, until a
        reboot brings it all at once.

    How it is fixed:
        ``systemctl daemon-reload``. It restarts nothing; the change counts from the engine's next start.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemctl.html#daemon-reload
    """
    for unit in units.units:
        if unit.needs_reload:
            yield Finding(
                subject=Subject("unit", unit.name),
                message=f"changed files of {unit.name} are not in force: systemd has not read them",
                evidence=(Evidence("systemctl show", f"{unit.name}: NeedDaemonReload=yes"),),
            )
