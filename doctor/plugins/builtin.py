"""doctor's own checks, fixers, probes and formats, as a plugin."""

from doctor.plugins.hookspec import Rooms, hookimpl


@hookimpl
def doctor_rooms() -> Rooms:
    """Return the four rooms of this distribution."""
    return Rooms(checks="checks", fixers="fixers", probes="doctor.probes", formats="reports")
