"""Adds to a report what its format shows besides the findings: the pages of their checks, and the repairs of the day before."""

from msgspec.structs import replace

from doctor.model.declare import Declaration, FormatDeclaration
from doctor.model.fleet.report import FleetReport
from doctor.model.report import PlanReport, ProbeReport, RepairReport, Report, ScanReport
from doctor.plugins.catalog import Catalog


def completed(report: Report | FleetReport, catalog: Catalog, declaration: Declaration) -> Report | FleetReport:
    """Return the report for a format: with pages and repairs if its declaration asks for pages."""
    if (
        not isinstance(declaration, FormatDeclaration)
        or not declaration.pages
        or isinstance(report, ProbeReport | FleetReport)
    ):
        return report
    from doctor.plugins.pages import pages

    if isinstance(report, ScanReport):
        from doctor.cli.commands.kept_repairs import recent

        # A supposed upgrade has no past.
        repairs = report.repairs or (() if report.scope.engine else recent(report))
        ids = [finding.id for finding in report.findings]
        ids += [finding.id for repair in repairs for finding in repair.resolved]
        return replace(report, repairs=repairs, pages=pages(catalog, ids))
    return replace(report, pages=pages(catalog, _ids(report)))


def _ids(report: PlanReport | RepairReport) -> list[str]:
    gone = report.resolves if isinstance(report, PlanReport) else report.resolved
    found = (*gone, *report.remaining, *(item.finding for item in report.manual))
    return [finding.id for finding in found]
