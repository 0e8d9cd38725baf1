"""``doctor scan``: examine the host and report."""

import os
import time
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from doctor import __version__
from doctor.cli.accepted import waived
from doctor.cli.common import (
    SharedOptions,
    emit,
    host_info,
    load_catalog,
    load_settings,
    open_host,
    scope,
    severity,
    words,
)
from doctor.cli.repair_lock import warn_unfinished
from doctor.facts.engine.state import EngineVersion
from doctor.host.base import Host
from doctor.model.errors import DoctorError, UsageError
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult, judged
from doctor.model.report import ScanReport
from doctor.model.severity import Severity
from doctor.model.text import plural
from doctor.model.verdict import Scope
from doctor.plugins.catalog import Catalog
from doctor.scan.resolve import Facts
from doctor.scan.run import Scan, scan
from doctor.state.settings import Settings

if TYPE_CHECKING:
    from doctor.notify.scheduled import Begun


class ScanOptions(Struct, frozen=True, kw_only=True):
    """Options of the command line."""

    select: str = ""
    skip: str = ""
    deep: bool = False
    probe: bool = False
    root: str = ""
    data_root: str = ""
    format: str = "text"
    output: str = ""
    fail_on: str = ""
    since_last: bool = False
    scheduled: bool = False
    for_engine: str = ""
    bundle: str = ""


def run(options: ScanOptions, shared: SharedOptions) -> int:
    """Scan and print; return the exit code."""
    settings, catalog = _prepared(options, shared)
    # A mistyped format or id is reported before the host is examined.
    catalog.report_format(options.format)
    fail_on = severity(options.fail_on, "--fail-on") if options.fail_on else settings.fail_on
    ids = catalog.choose(words(options.select), (*words(options.skip), *settings.skip))
    if options.for_engine:
        return _suppose(options, shared, settings, catalog, fail_on, ids)
    host = open_host(options.root, options.data_root)
    if options.probe and not host.is_live():
        raise UsageError("--probe works on the live host only", do="leave out --probe, or --root and --data-root")
    is_kept = not (options.root or options.data_root or options.select or options.skip)
    begun = _begin(host, settings) if options.scheduled and is_kept else None
    report, found = examine(host, options, shared, settings, catalog, ids, fail_on)
    if is_kept:
        report = _keep(report, shared, settings, catalog, only=options.since_last)
        report = replace(report, notes=(*report.notes, *_back_up(host, report, found, settings, catalog)))
    if os.geteuid() != 0 and host.is_live():
        from doctor.cli.unseen import socket_note

        report = replace(report, notes=(*report.notes, *filter(None, (socket_note(),))))
    if options.scheduled:
        from doctor.cli.commands.schedule import announce

        shown = report
        return announce.end(
            shown,
            begun,
            catalog,
            settings,
            shared,
            lambda how: emit(catalog, shown, options.format, options.output, how),
        )
    return emit(catalog, report, options.format, options.output, shared)


def examine(
    host: Host,
    options: ScanOptions,
    shared: SharedOptions,
    settings: Settings,
    catalog: Catalog,
    ids: list[str],
    fail_on: Severity,
) -> tuple[ScanReport, Scan]:
    """Scan a host, with test containers if asked to; return the report of its state, and the scan."""
    started = time.time()
    clock = time.perf_counter()
    found = scan(host, catalog, ids, deep=options.deep)
    probes: tuple[ProbeResult, ...] = ()
    if options.probe:
        from doctor.scan.prove import prove, with_probes

        # cron mails all output: a scheduled scan shows its report or nothing.
        silent = replace(shared, quiet=shared.quiet or options.scheduled)
        probes = prove(catalog, found.facts, tuple(catalog.probes), progress=silent.progress)
        found = with_probes(found, probes)
    limits = scope(catalog, settings, host, select=options.select, skip=options.skip)
    report = make_report(
        host,
        found,
        settings,
        catalog,
        started=started,
        seconds=time.perf_counter() - clock,
        probes=probes,
        fail_on=fail_on,
        scope=replace(limits, unfinished=warn_unfinished(host, shared)),
    )
    return report, found


def _suppose(
    options: ScanOptions,
    shared: SharedOptions,
    settings: Settings,
    catalog: Catalog,
    fail_on: Severity,
    ids: list[str],
) -> int:
    """Report a supposed upgrade of the engine. Nothing of it is recorded: it is not the state of the host."""
    from doctor.cli.commands.for_engine import refuse_others, wanted
    from doctor.scan.suppose import dependent, suppose

    refuse_others(probe=options.probe, since_last=options.since_last, scheduled=options.scheduled)
    if options.format == "prometheus":
        raise UsageError(
            "a metric is about the host as it is, not about the upgrade of --for-engine", do="choose another --format"
        )
    host = open_host(options.root, options.data_root)
    after = wanted(options.for_engine, Facts(host))
    started, clock = time.time(), time.perf_counter()
    supposed = suppose(host, catalog, dependent(catalog, ids), after, deep=options.deep)
    found = supposed.scan
    limits = scope(catalog, settings, host, select=options.select, skip=options.skip)
    report = make_report(
        host,
        found,
        settings,
        catalog,
        started=started,
        seconds=time.perf_counter() - clock,
        fail_on=fail_on,
        scope=replace(limits, engine=after.text, depending=len(dependent(catalog, catalog.checks))),
    )
    old = [one for one in report.findings if one.fingerprint in supposed.today and one.level >= fail_on]
    now = engine_version(Facts(host))
    notes = [f"{plural(len(old), 'problem')} of these exist already with engine {now}"] if old else []
    notes.append("only checks that depend on the engine's version ran; 'doctor scan' examines the host as it is")
    report = replace(report, host=host_info(host, now), notes=(*report.notes, *notes))
    return emit(catalog, report, options.format, options.output, shared)


def make_report(
    host: Host,
    found: Scan,
    settings: Settings,
    catalog: Catalog,
    *,
    started: float,
    seconds: float,
    fail_on: Severity,
    probes: tuple[ProbeResult, ...] = (),
    scope: Scope = Scope(),  # noqa: B008 - it is frozen
) -> ScanReport:
    """Return the report of a scan, waivers of the settings applied."""
    complete = judged(found.outcomes, probes)
    accepted = waived(found.findings, settings, host.now(), catalog, complete=complete)
    return ScanReport(
        host=host_info(host, engine_version(found.facts)),
        doctor=__version__,
        started=started,
        seconds=round(seconds, 4),
        findings=accepted.findings,
        outcomes=found.outcomes,
        probes=probes,
        ok=found.ok,
        fail_on=fail_on,
        scope=scope,
        notes=accepted.notes,
    )


def engine_version(facts: Facts) -> str:
    """Return the engine's version, or "" where it is unknown."""
    version = facts.get(EngineVersion)
    return version.text if isinstance(version, EngineVersion) else ""


def _keep(report: ScanReport, shared: SharedOptions, settings: Settings, catalog: Catalog, *, only: bool) -> ScanReport:
    """Record a scan of the live host with all checks; add the history to the report. ``only`` hides what is not new."""
    from doctor.facts.secrets.redact import redacted
    from doctor.history.store import History

    with History() as history:
        earlier = history.rows(report.host)
        # The kept text is redacted, and so are the names by which findings are compared.
        shown = history.keep(redacted(report), settings.keep, checks=catalog.checks, renamed=catalog.renamed)
    shown = replace(shown, history=earlier, notes=(*shown.notes, *history.notes))
    return _only_changes(shown, shared) if only else shown


def _back_up(host: Host, report: ScanReport, found: Scan, settings: Settings, catalog: Catalog) -> tuple[str, ...]:
    """Back up the metadata of a data root that this scan found healthy; return notes for the report."""
    if os.geteuid() != 0 or not host.is_live() or not settings.metadata.keep or report.scope.unfinished:
        return ()
    from doctor.history import backup, kept_namespace, network_backup

    notes: tuple[str, ...] = ()
    if network_backup.is_healthy(report.findings, found.outcomes, catalog.checks, report.probes):
        notes = network_backup.take(host, found.facts.get)
        if network_backup.is_healthy(report.findings, found.outcomes, catalog.checks, areas=kept_namespace.AREAS):
            is_proven = any(probe.name == "egress" and probe.result is Result.PASS for probe in report.probes)
            notes += kept_namespace.take(host, found.facts.get, is_proven=is_proven)
    healthy = backup.healthy(found.findings, found.outcomes, catalog.checks)
    notes += backup.take(host, found.facts.get, settings.metadata, of=healthy)
    return notes


def _only_changes(report: ScanReport, shared: SharedOptions) -> ScanReport:
    """Hide the findings that were there before, as they are."""
    change = report.change
    if change is None or change.since is None:
        return report
    changed = {*change.new, *change.worse, *change.unwaived}
    same = tuple(finding.fingerprint for finding in report.findings if finding.fingerprint not in changed)
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(change.since))
    shared.progress(f"since {when}: {len(changed)} new, {len(change.gone)} resolved, {len(same)} unchanged")
    for finding in change.gone:
        shared.progress(f"resolved: {finding.id}: {finding.subject.name}")
    return replace(report, hidden=same)


def _prepared(options: ScanOptions, shared: SharedOptions) -> tuple[Settings, Catalog]:
    """Return the settings and the catalogue. If they are wrong, somebody hears of a scheduled scan that can't run."""
    settings = None
    try:
        settings = load_settings()
        catalog = load_catalog(settings)
        _refuse_unknown_skips(catalog, settings)
    except DoctorError as error:
        if options.scheduled:
            from doctor.cli.commands.schedule import announce

            announce.could_not_run(error, settings, shared)
        raise
    return settings, catalog


def _refuse_unknown_skips(catalog: Catalog, settings: Settings) -> None:
    """Raise ``UsageError`` with the file for a check that the settings skip and that does not exist."""
    if settings.skip:
        try:
            catalog.choose((), settings.skip)
        except UsageError as error:
            raise UsageError(f"setting 'skip': {error.what}", where=settings.path, do=error.do) from None


def _begin(host: Host, settings: Settings) -> "Begun":
    """Record the begin of a scheduled scan. One that leaves something out notifies nobody, and has none."""
    from doctor.cli.commands.schedule import announce

    return announce.begin(host_info(host), settings)
