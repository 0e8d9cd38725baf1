"""``doctor report``: the HTML report of the last or a named scan, with what earlier scans saw, or of a repair."""

import os
import sys
import time

from doctor.cli import unseen
from doctor.cli.commands.history import point
from doctor.cli.commands.history.command import lines, report_of
from doctor.cli.commands.report import kept_repairs
from doctor.cli.common import SharedOptions, load_catalog, load_settings, write_report
from doctor.cli.page_parts import completed
from doctor.history.store import History, Wanted
from doctor.model.errors import UsageError
from doctor.model.exit_code import ExitCode
from doctor.model.report import RepairReport, Report
from doctor.state.settings import Settings

_LISTED = 20


def run(scan: str, output: str, shared: SharedOptions, *, format_name: str = "html", list_scans: bool = False) -> int:
    """Write the report of a kept scan or repair; return 0, or 3 if the list may be incomplete.

    ``scan`` is a number that ``doctor history list`` shows, a time, the name of a repair, "" for the last scan. ``output`` is a file,
    "-" for standard output, "" for the place in the settings, with the format as its ending.
    """
    settings = load_settings()
    is_blind = unseen.warn("scans", shared)
    with History() as history:
        if list_scans:
            found = history.find(Wanted(limit=_LISTED))
            for note in history.notes:
                shared.progress(f"note: {note}")
            if found or not history.notes:
                print("\n".join(lines(found, is_empty=not found)))
            is_blind = is_blind or bool(history.notes)
            return ExitCode.INCOMPLETE if is_blind else ExitCode.OK
        report: Report = (
            kept_repairs.named(scan)
            if kept_repairs.is_run(scan)
            else report_of(history, point.one(history, scan, "", time.time()))
        )
    catalog = load_catalog(settings)
    loaded = catalog.report_format(format_name)
    if report.kind not in getattr(loaded.declaration, "of", ()):
        raise UsageError(f"the format '{format_name}' can't show a {report.kind}", do="choose html")
    raw: bytes = loaded.function(completed(report, catalog, loaded.declaration))
    if output == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
        return 0
    place = output or _place(settings, format_name, report)
    write_report(place, raw)
    if not shared.quiet:
        print(place)
    return 0


def _place(settings: Settings, format_name: str, report: Report) -> str:
    """Return the default file of a format: next to the HTML page of the last scan, never the page itself."""
    stem, ending = os.path.splitext(settings.report.html)
    if isinstance(report, RepairReport):
        stem += f"-{report.run}"
    return stem + (ending if format_name == "html" else f".{format_name}")
