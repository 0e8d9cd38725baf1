"""``doctor report``: the HTML report of the last or a named scan, with what earlier scans saw, or of a repair."""

import os
import sys
import time

from msgspec.structs import replace

from doctor.cli import unseen
from doctor.cli.commands import kept_repairs
from doctor.cli.common import SharedOptions, load_catalog, load_settings, write_report
from doctor.cli.page_parts import completed
from doctor.history.store import History
from doctor.model.errors import DoctorError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.model.report import RepairReport, Report, ScanReport
from doctor.model.text import visible
from doctor.state.settings import Settings

_LISTED = 20
# A user who is not root has a separate history, and is warned first that root's is not readable.
_NONE = "no scan of this user is kept yet"


def run(scan: str, output: str, shared: SharedOptions, *, format_name: str = "html", list_scans: bool = False) -> int:
    """Write the report of a kept scan or repair; return 0, or 3 if the list may be incomplete.

    ``scan`` is the number that ``doctor report --list`` shows, the name of a repair, "" for the last scan. ``output`` is a file,
    "-" for standard output, "" for the place in the settings, with the format as its ending.
    """
    settings = load_settings()
    is_blind = unseen.warn("scans", shared)
    with History() as history:
        if list_scans:
            print("\n".join(_listed(history)))
            return ExitCode.INCOMPLETE if is_blind else ExitCode.OK
        report: Report = kept_repairs.named(scan) if kept_repairs.is_run(scan) else _chosen(history, scan)
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


def _chosen(history: History, name: str) -> ScanReport:
    if name and not name.isdigit():
        raise UsageError(
            f"'{name}' is neither the number of a scan nor the name of a repair",
            do="see 'doctor report --list' and 'doctor undo --list'",
        )
    found = history.named(int(name[:18])) if name else history.last()
    if found is None:
        what = f"scan {name} is not kept" if name else _NONE
        do = "'doctor report --list' shows the kept scans" if name else "run 'doctor scan' first"
        raise DoctorError("; ".join([what, *history.notes]), do=do)
    # The chart adds the scan itself.
    earlier = [row for row in history.rows(found.host) if row.started < found.started]
    return replace(found, history=tuple(earlier), notes=(*found.notes, *history.notes))


def _listed(history: History) -> list[str]:
    lines = []
    for kept in reversed(history.scans(limit=_LISTED)):
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(kept.started))
        found = ", ".join(
            f"{kept.counts[word]} {word}" for word in ("critical", "error", "warning", "info") if kept.counts.get(word)
        )
        lines.append(visible(f"{kept.number:>6}  {when}  {kept.host}  {found or 'no finding'}"))
    return lines or [_NONE]
