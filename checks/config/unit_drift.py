"""systemd has not reloaded the engine's unit files since they changed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.units import EngineUnits


@check(severity=Severity.WARNING, ok="systemd has loaded the current unit files of the engine")
def unit_drift(units: EngineUnits) -> Iterator[Finding]:
    """A unit file or drop-in of the engine changed and systemd has not reloaded it, so the change has no effect yet.

    What it looks at:
        NeedDaemonReload of docker.service, docker.socket and containerd.service.

    Why it matters:
        A restart of the engine uses the old version of the files: a proxy or a flag in a drop-in seems to have no effect, until a
        reboot applies all changes at once.

    How it is fixed:
        By ``systemctl daemon-reload``. It restarts nothing; the change takes effect at the engine's next start.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemctl.html#daemon-reload
    """
    for unit in units.units:
        if unit.needs_reload:
            yield Finding(
                subject=Subject("unit", unit.name),
                message=f"systemd has not reloaded the files of {unit.name} since they changed: the changes have no effect yet",
                evidence=(Evidence("systemctl show", f"{unit.name}: NeedDaemonReload=yes"),),
            )
