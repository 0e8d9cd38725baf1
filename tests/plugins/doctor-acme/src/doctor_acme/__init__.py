"""A plugin for doctor: hosts of ACME carry a note that says who may touch them."""

from doctor.plugins.hookspec import Rooms, hookimpl


@hookimpl
def doctor_rooms() -> Rooms:
    """Return the packages of this plugin."""
    return Rooms(checks="doctor_acme.checks", fixers="doctor_acme.fixers")
