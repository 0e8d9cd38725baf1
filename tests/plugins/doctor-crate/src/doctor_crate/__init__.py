"""A plugin for doctor: Crate, a small engine whose containers are boxes."""

from doctor.plugins.hookspec import Rooms, hookimpl

ROOMS = Rooms(checks="doctor_crate.checks", fixers="doctor_crate.fixers", engines="doctor_crate.engines")


@hookimpl
def doctor_rooms() -> Rooms:
    """Return the packages of this plugin."""
    return ROOMS
