"""``doctor scan --bundle`` and ``doctor fix --bundle``: judge the facts of another host, and show its plan."""

import time
from collections.abc import Iterable

from msgspec.structs import replace

from doctor import __version__
from doctor.bundle.form import BundleList
from doctor.bundle.limits import bounded
from doctor.bundle.reading import HostBundle, judge, open_bundle
from doctor.cli.commands.planned import FixOptions
from doctor.cli.commands.scan import ScanOptions, make_report
from doctor.cli.common import SharedOptions, applicability, emit, load_catalog, load_settings, scope, severity, words
from doctor.model.errors import UsageError
from doctor.model.report import PlanReport, ScanReport
from doctor.model.severity import Severity
from doctor.model.text import plural
from doctor.plugins.catalog import Catalog
from doctor.state.settings import Settings

_NAMED = 6
_NEEDS_HOST = "run it on the host itself"


def scan_bundle(options: ScanOptions, shared: SharedOptions) -> int:
    """Report on a bundle. Nothing of it is recorded: it is not this host."""
    settings = load_settings()
    catalog = load_catalog(settings)
    catalog.report_format(options.format)
    fail_on = severity(options.fail_on, "--fail-on") if options.fail_on else settings.fail_on
    ids = catalog.choose(words(options.select), (*words(options.skip), *settings.skip))
    refuse_others(
        probe=options.probe,
        deep=options.deep,
        root=bool(options.root),
        data_root=bool(options.data_root),
        since_last=options.since_last,
        scheduled=options.scheduled,
        for_engine=bool(options.for_engine),
    )
    with bounded(options.bundle):
        bundle = open_bundle(options.bundle)
        report = report_of(bundle, settings, catalog, ids, fail_on=fail_on, select=options.select, skip=options.skip)
    return emit(catalog, report, options.format, options.output, shared)


def report_of(
    bundle: HostBundle,
    settings: Settings,
    catalog: Catalog,
    ids: Iterable[str],
    *,
    fail_on: Severity,
    select: str = "",
    skip: str = "",
) -> ScanReport:
    """Judge the facts of a bundle; return the report of its host, as of when it was taken."""
    clock = time.perf_counter()
    found = judge(bundle, catalog, ids)
    host = found.facts.host
    report = make_report(
        host,
        found,
        settings,
        catalog,
        started=bundle.listed.taken,
        seconds=time.perf_counter() - clock,
        fail_on=fail_on,
        scope=replace(
            scope(catalog, settings, host, select=select, skip=skip), unfinished=bundle.report().scope.unfinished
        ),
    )
    return replace(report, host=bundle.host, notes=(*report.notes, *_notes(bundle.listed)))


def fix_bundle(options: FixOptions, shared: SharedOptions, settings: Settings, catalog: Catalog) -> int:
    """Show the plan that was made on the host when the bundle was taken."""
    if options.apply or options.resume:
        word = "--apply" if options.apply else "--resume"
        raise UsageError(
            f"{word} can't be combined with --bundle: a bundle is not a host",
            do="run 'doctor fix --apply' on the host, or leave out --apply to see the plan",
        )
    refuse_others(deep=options.deep, root=bool(options.root), choose=bool(options.choose))
    wanted = frozenset(catalog.choose(options.ids, ())) if options.ids else frozenset[str]()
    allow = applicability(options.allow) if options.allow else settings.allow
    with bounded(options.bundle):
        bundle = open_bundle(options.bundle)
        plan = bundle.plan(allow)
        if plan is None:
            raise UsageError(
                "the bundle has no plan: none could be made when it was taken", where=bundle.path, do=_NEEDS_HOST
            )
        # Not those of the plan: one that goes by the way, as a failed start does by the next one, is not in it.
        known = {one.fingerprint for one in bundle.report().findings}
        found = judge(bundle, catalog, catalog.choose((), settings.skip))
    new = [one for one in found.findings if one.level >= settings.fail_on and one.fingerprint not in known]
    for note in _notes(bundle.listed):
        shared.progress(f"note: {note}")
    shared.progress("note: the plan was made there at that time")
    if new:
        shared.progress(
            f"note: the doctor that made it did not know {plural(len(new), 'problem')} of 'doctor scan --bundle'"
        )
    # A bundle is anyone's text: the command to paste is doctor's own.
    plan = narrowed(plan, wanted) if wanted else plan
    words = ["doctor", "fix", *options.ids, *(["--allow", allow.word] if options.allow else []), "--apply"]
    return emit(catalog, replace(plan, command=" ".join(words)), options.format, options.output, shared)


def narrowed(plan: PlanReport, wanted: frozenset[str]) -> PlanReport:
    """Return the part of a plan that resolves findings of these checks, with the stops and starts of engines that it has."""
    kept = [one for one in plan.actions if not wanted.isdisjoint(one.check_ids)]
    kept = [one for one in plan.actions if one in kept or not one.check_ids] if kept else []
    resolved = {fingerprint for action in kept for fingerprint in action.fixes}
    return replace(
        plan,
        actions=tuple(replace(one, number=number) for number, one in enumerate(kept, 1)),
        risk=max((one.risk for one in kept), default=None),
        manual=tuple(one for one in plan.manual if one.finding.id in wanted),
        resolves=tuple(one for one in plan.resolves if one.fingerprint in resolved),
        remaining=(*plan.remaining, *(one for one in plan.resolves if one.fingerprint not in resolved)),
    )


def refuse_others(**others: bool) -> None:
    """Raise ``UsageError`` if another option needs more than facts: ``refuse_others(probe=True)``."""
    for name in (name.replace("_", "-") for name, given in others.items() if given):
        raise UsageError(
            f"--{name} can't be combined with --bundle: it needs {_NEEDS[name]}",
            do=f"leave out --{name} or --bundle",
        )


_NEEDS = {
    "choose": "the files of the host",
    "data-root": "a data root",
    "deep": "the contents of layers",
    "for-engine": "a host",
    "probe": "a running host",
    "root": "a mounted disk",
    "scheduled": "this host",
    "since-last": "the history of this host",
}


def _notes(listed: BundleList) -> list[str]:
    """Return what a reader must know about where the report is from."""
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(listed.taken))
    notes = [f"from a bundle: {listed.host.name} as it was on {when} UTC{_ago(listed.taken)}"]
    if listed.from_host:
        left = len(listed.from_host) - _NAMED
        names = ", ".join(listed.from_host[:_NAMED]) + (f" and {left} more" if left > 0 else "")
        few = plural(len(listed.from_host), "result")
        notes.append(f"{few} of the host's own scan, because a bundle leaves out what it depends on: {names}")
    if not listed.is_root:
        notes.append("the bundle was taken without root, so much of the host is not in it: take it as root")
    if listed.doctor != __version__:
        notes.append(
            f"doctor {listed.doctor} took the bundle, and doctor {__version__} judges it: some facts may not fit"
        )
    return notes


def _ago(taken: float) -> str:
    """Return the age of a bundle, "" for less than an hour."""
    hours = int((time.time() - taken) // 3600)
    if hours < 1:
        return ""
    return f", {plural(hours, 'hour') if hours < 48 else plural(hours // 24, 'day')} ago"
