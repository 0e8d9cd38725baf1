"""The complete contract between doctor and a plugin: one hook.

A plugin is a distribution with an entry point in the group ``doctor`` that names a module; the module implements
``doctor_rooms``. Everything else is found by walking the packages it names.
"""

import pluggy

from doctor.plugins.rooms import Rooms as Rooms  # noqa: PLC0414 - a plugin imports it from here

PROJECT = "doctor"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Spec:
    """The hook specifications."""

    @hookspec
    def doctor_rooms(self) -> Rooms:
        """Return the packages of this plugin. Called once per run, before any of them is imported."""
        raise NotImplementedError
