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

    if isinstance(report, ScanReport) and not report.repairs and not report.scope.engine:
        from doctor.cli.commands.report.kept_repairs import recent

        report = replace(report, repairs=recent(report))
    return replace(report, pages=pages(catalog, ids_of(report)))


def ids_of(report: ScanReport | PlanReport | RepairReport) -> list[str]:
    """Return the ids of all findings of a report, those of its repairs included."""
    if isinstance(report, ScanReport):
        found = (*report.findings, *(finding for repair in report.repairs for finding in repair.resolved))
    else:
        gone = report.resolves if isinstance(report, PlanReport) else report.resolved
        found = (*gone, *report.remaining, *(item.finding for item in report.manual))
    return [finding.id for finding in found]
