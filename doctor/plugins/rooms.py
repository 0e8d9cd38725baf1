"""The packages of a plugin's checks, fixers, probes, report formats and engines."""

from msgspec import Struct


class Rooms(Struct, frozen=True, kw_only=True):
    """Names of importable packages, or "" for none.

    Attributes:
        checks: its modules ``AREA/PROBLEM.py`` have one ``@check`` each.
        fixers: mirrors ``checks``, one ``@fixer`` each.
        probes: one module per ``@probe``.
        formats: one module per ``@report_format``.
        engines: one folder per engine, with a module ``engine`` that defines ``ENGINE``.

    Facts of a plugin are in a package beside its collectors: ``acme.facts.disk`` is collected by ``acme.collect.disk``.
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
"""doctor's own packages."""
