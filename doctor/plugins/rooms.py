"""The packages that hold a plugin's checks, fixers, probes, report formats and engines."""

from msgspec import Struct


class Rooms(Struct, frozen=True, kw_only=True):
    """Names of importable packages, or "" for none.

    Attributes:
        checks: ``AREA/PROBLEM.py`` beneath it hold one ``@check`` each.
        fixers: mirrors ``checks``, one ``@fixer`` each.
        probes: a module a ``@probe``.
        formats: a module a ``@report_format``.
        engines: a folder an engine, with a module ``engine`` that has its ``ENGINE``.

    Facts of a plugin live in a package beside its collectors: ``acme.facts.disk`` is collected by ``acme.collect.disk``.
    """

    checks: str = ""
    fixers: str = ""
    probes: str = ""
    formats: str = ""
    engines: str = ""


OURS = Rooms(
    checks="doctor.checks",
    fixers="doctor.fixers",
    probes="doctor.probes",
    formats="doctor.reports",
    engines="doctor.engines",
)
"""doctor's own, as a plugin would name them."""
