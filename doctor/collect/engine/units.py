"""Reads the state of the engine's units from systemd."""

from doctor.facts.engine.units import SHOW, EngineUnits, parse
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath


@collector
def engine_units(host: Host) -> EngineUnits:
    """Return the units' states; missing if systemd is not PID 1."""
    if not host.exists(HostPath("/run/systemd/system")):
        raise HostError(Missing(Why.ABSENT, "systemd does not run on this host"))
    found = host.run(SHOW)
    if found.exit or not found.stdout:
        reason = found.stderr.decode("utf-8", "replace").strip() or f"exit code {found.exit}"
        raise HostError(Missing(Why.UNREADABLE, f"systemctl show: {reason}"))
    return parse(found.text)
