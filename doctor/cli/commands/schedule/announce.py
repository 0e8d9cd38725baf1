"""The end of a scheduled scan: reports, output, notifications. A notification that fails changes nothing of its result."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from doctor import __version__
from doctor.cli.common import SharedOptions, host_info, open_host, write_report
from doctor.facts.secrets.redact import redacted
from doctor.model.errors import DoctorError
from doctor.model.exit_code import ExitCode
from doctor.model.report import HostInfo, ScanReport
from doctor.notify import scheduled
from doctor.notify.recipients import OF_STATE, recipients
from doctor.notify.scheduled import AfterScan, Begun
from doctor.plugins.catalog import Catalog
from doctor.state.settings import Recipient, Settings


def begin(host: HostInfo, settings: Settings) -> Begun:
    """Record the begin of a scheduled scan, which shows later whether it ended. If the one before did not, everybody hears of it."""
    begun = scheduled.begin(time.time())
    if not begun.is_killed:
        return begun
    try:
        return scheduled.killed(begun, host, __version__, _wanted(settings, []))
    except DoctorError:
        # The end of this scan meets the same error, and names it.
        return begun


def could_not_run(error: DoctorError, settings: Settings | None, shared: SharedOptions) -> None:
    """Notify everybody that scheduled scans can't run. Without settings, only the recipients of the installation are known."""
    notes: list[str] = []
    wanted = _wanted(settings or Settings(), notes)
    try:
        notes += scheduled.could_not_run(str(error), host_info(open_host("")), __version__, wanted)
    except DoctorError as problem:
        notes.append(f"nobody was notified: {problem}")
    for note in notes:
        shared.progress(f"note: {note}")


def end(
    report: ScanReport,
    begun: Begun | None,
    catalog: Catalog,
    settings: Settings,
    shared: SharedOptions,
    show: Callable[[SharedOptions], int],
) -> int:
    """Write the reports of a scheduled scan, show it, notify everybody; return the exit code.

    Each step is independent of the others: a full disk under the reports still notifies, and a mail server that hangs loses no report.
    """
    lost = _leave_reports(catalog, report, settings)
    # cron mails all output: print nothing for a healthy host.
    is_silent = report.verdict.is_green or (begun is not None and _is_mailed_twice(settings))
    code, unwritten = int(report.exit_code), None
    try:
        code = show(replace(shared, quiet=shared.quiet or is_silent))
    except (DoctorError, OSError) as error:
        # The log is full, or its reader has ended: all the more somebody must hear of the scan.
        unwritten = error
    notes = list(lost)
    if begun is not None:
        report = replace(report, notes=(*report.notes, *lost))
        notes += _notify(report, begun, catalog, settings)
    for note in notes:
        shared.progress(f"note: {note}")
    if unwritten is not None:
        raise unwritten
    return int(ExitCode.INCOMPLETE) if lost and code == ExitCode.OK else code


def _leave_reports(catalog: Catalog, report: ScanReport, settings: Settings) -> tuple[str, ...]:
    """Write the reports that the settings name; return what could not be written."""
    lost = []
    for name, place in (("html", settings.report.html), ("prometheus", settings.report.prometheus)):
        try:
            if place:
                write_report(place, _rendered(catalog, redacted(report), name)[0])
        except DoctorError as error:
            lost.append(str(DoctorError(error.what, where=error.where, do=f"correct 'report.{name}' in the settings")))
    return tuple(lost)


def _is_mailed_twice(settings: Settings) -> bool:
    """Whether cron would mail a report each night of which recipients already receive the news."""
    try:
        has_news = any(one.to.partition(":")[0] not in OF_STATE for one in recipients(settings))
    except DoctorError:
        return False
    return has_news and "JOURNAL_STREAM" not in os.environ


def _notify(report: ScanReport, begun: Begun, catalog: Catalog, settings: Settings) -> tuple[str, ...]:
    """Notify everybody and return remarks; nothing raises."""
    plain: ScanReport = redacted(report)
    notes: list[str] = []
    wanted = _wanted(settings, notes)
    scan = AfterScan(
        report=plain,
        page=settings.report.html,
        every=settings.schedule.every,
        remind_days=settings.schedule.remind_days,
        render=lambda name: _rendered(catalog, plain, name),
        renamed=catalog.renamed,
        checks=frozenset(catalog.checks),
    )
    try:
        ended = scheduled.end(scan, replace(begun, notes=(*begun.notes, *notes)), wanted)
    except DoctorError as error:
        return (*notes, f"nobody was notified: {error}")
    if settings.report.prometheus:
        # A file that can't be written is named already: it was written without the metrics of the schedule.
        with suppress(DoctorError):
            write_report(settings.report.prometheus, _rendered(catalog, plain, "prometheus")[0] + ended.metrics)
    return ended.notes


def _wanted(settings: Settings, notes: list[str]) -> tuple[Recipient, ...]:
    """Return the recipients; if the list of the installation can't be read, those of the settings, with a note."""
    try:
        return recipients(settings)
    except DoctorError as error:
        notes.append(f"recipients of notifications can't be read: {error}")
        return settings.notify


def _rendered(catalog: Catalog, report: ScanReport, name: str) -> tuple[bytes, int]:
    loaded = catalog.report_format(name)
    raw: bytes = loaded.function(report)
    change = getattr(sys.modules[loaded.function.__module__], "exit_code", None)
    return raw, int(report.exit_code if change is None else change(report))
