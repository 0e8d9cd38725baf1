"""Applies the waivers of the settings to findings."""

from collections.abc import Container
from typing import TYPE_CHECKING

from doctor.model.declare import CheckDeclaration
from doctor.model.finding import Finding
from doctor.model.severity import Severity
from doctor.plugins.catalog import Catalog

if TYPE_CHECKING:
    from doctor.state.settings import Settings
    from doctor.state.waivers import Waived


def waive(findings: tuple[Finding, ...], settings: "Settings", now: float, catalog: Catalog) -> tuple[Finding, ...]:
    """Mark the findings that the settings accept today; they come last."""
    return waived(findings, settings, now, catalog).findings


def waived(
    findings: tuple[Finding, ...],
    settings: "Settings",
    now: float,
    catalog: Catalog,
    *,
    complete: Container[str] = (),
) -> "Waived":
    """Return the findings with waivers applied, and notes on the waivers themselves.

    ``complete`` are the ids of the checks that would have found a finding to waive.
    """
    from doctor.state.waivers import Waived
    from doctor.state.waivers import waive as apply_waivers

    if not settings.waivers:
        return Waived(findings=findings, notes=())
    import time

    known = {*catalog.checks, *(f"probe/{name}-failed" for name in catalog.probes)}
    # Former ids are known only after every check is imported, so this is done for a waiver of an unknown id alone.
    renamed = {} if known >= {waiver.id for waiver in settings.waivers} else catalog.renamed()
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    return apply_waivers(
        findings,
        settings.waivers,
        today=today,
        warn_days=settings.waiver_warn_days,
        known=known,
        complete=complete,
        renamed=renamed,
        declared=lambda identity: declared(catalog, identity),
    )


def declared(catalog: Catalog, identity: str) -> Severity | None:
    """Return the severity that a check declares for its findings, ``None`` for an unknown one."""
    if identity not in catalog.checks:
        return Severity.ERROR if identity.startswith("probe/") else None
    found = catalog.check(identity).declaration
    return found.severity if isinstance(found, CheckDeclaration) else None
