"""``doctor scan``: examine the host and report."""

import time
from dataclasses import dataclass

from doctor import __version__
from doctor.cli.common import (
    Shared,
    emit,
    exit_code,
    host_info,
    load_catalog,
    load_settings,
    open_host,
    severity,
    waive,
    words,
)
from doctor.facts.engine_state import EngineVersion
from doctor.host.base import Host
from doctor.model.report import ProbeResult, ScanReport
from doctor.model.severity import Severity
from doctor.scan.resolve import Facts
from doctor.scan.run import Scan, scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line gave."""

    select: str = ""
    skip: str = ""
    deep: bool = False
    probe: bool = False
    root: str = ""
    format: str = "text"
    output: str = ""
    fail_on: str = ""
    since_last: bool = False
    scheduled: bool = False


def run(options: Options, shared: Shared) -> int:
    """Scan and print; return the exit code."""
    settings = load_settings()
    catalog = load_catalog(settings)
    # A mistyped format or id is told before the host is looked at.
    catalog.report_format(options.format)
    fail_on = severity(options.fail_on, "--fail-on") if options.fail_on else settings.fail_on
    ids = catalog.choose(words(options.select), (*words(options.skip), *settings.skip))
    host = open_host(options.root)
    started = time.time()
    clock = time.perf_counter()
    found = scan(host, catalog, ids, deep=options.deep)
    probes: tuple[ProbeResult, ...] = ()
    if options.probe and host.is_live():
        from doctor.scan.prove import prove

        probes = prove(catalog, found.facts, tuple(catalog.probes), progress=shared.progress)
        found = found.with_probes(probes)
    report = make_report(
        host, found, started=started, seconds=time.perf_counter() - clock, probes=probes, fail_on=fail_on
    )
    report = _keep(report, options, shared, settings, whole=not options.select and not options.skip)
    _tell_unfinished(shared)
    return emit(catalog, report, options.format, options.output, shared)


def make_report(
    host: Host,
    found: Scan,
    *,
    started: float,
    seconds: float,
    fail_on: Severity,
    probes: tuple[ProbeResult, ...] = (),
) -> ScanReport:
    """Return the report of a scan, waivers of the settings applied."""
    findings = waive(found.findings, load_settings(), host.now())
    return ScanReport(
        host=host_info(host, engine_version(found.facts)),
        doctor=__version__,
        started=started,
        seconds=round(seconds, 4),
        findings=findings,
        outcomes=found.outcomes,
        probes=probes,
        ok=found.ok,
        fail_on=fail_on,
        exit_code=exit_code(findings, fail_on, incomplete=found.is_incomplete),
    )


def engine_version(facts: Facts) -> str:
    """Return the engine's version, or "" where it is unknown."""
    version = facts.get(EngineVersion)
    return version.text if isinstance(version, EngineVersion) else ""


def _keep(report: ScanReport, options: Options, shared: Shared, settings: object, *, whole: bool) -> ScanReport:
    """Keep the scan in the history where it is one of the live host and of all checks; add what earlier scans saw."""
    del settings
    if options.root or not whole:
        return report
    from doctor.history.keep import keep

    return keep(report, only_changes=options.since_last, scheduled=options.scheduled, note=shared.progress)


def _tell_unfinished(shared: Shared) -> None:
    import os

    from doctor.state.paths import runs_dir

    if not os.path.isdir(runs_dir()):
        return
    from doctor.repair.record import unfinished

    left = unfinished()
    if left is not None:
        shared.progress(
            f"repair {left.name} is unfinished: 'doctor undo' takes it back, 'doctor fix --resume' finishes it"
        )
