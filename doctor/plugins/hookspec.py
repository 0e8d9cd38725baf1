"""The whole contract between doctor and a plugin: one hook.

A plugin is a distribution with an entry point in the group ``doctor`` that names a module; the module implements
``doctor_rooms``. Everything else is found by walking the packages it names.
"""

import pluggy
from msgspec import Struct

PROJECT = "doctor"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Rooms(Struct, frozen=True, kw_only=True):
    """Names of importable packages, or "" for none.

    Attributes:
        checks: ``AREA/PROBLEM.py`` beneath it hold one ``@check`` each.
        fixers: mirrors ``checks``, one ``@fixer`` each.
        probes: a module a ``@probe``.
        formats: a module a ``@report_format``.

    Facts of a plugin live in a package beside its collectors: ``acme.facts.disk`` is collected by ``acme.collect.disk``.
    """

    checks: str = ""
    fixers: str = ""
    probes: str = ""
    formats: str = ""


class Spec:
    """The hook specifications."""

    @hookspec
    def doctor_rooms(self) -> Rooms:
        """Return the packages of this plugin. Called once a run, before anything of it is imported."""
        raise NotImplementedError
