"""``doctor bundle``: save the facts of a host as one file, to judge them elsewhere."""

import os
import sys
import time
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from doctor.bundle.form import BundleList, Part
from doctor.bundle.take import TakenBundle, take
from doctor.cli.commands.planned import FixJob, FixOptions, plan_of, plan_report
from doctor.cli.commands.scan import make_report
from doctor.cli.common import SharedOptions, is_terminal, load_catalog, load_settings, open_host, scope
from doctor.cli.repair_lock import warn_unfinished
from doctor.cli.spelled import as_root
from doctor.facts.secrets.redact import redact
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.report import PlanReport
from doctor.model.severity import Applicability
from doctor.model.text import plural, visible
from doctor.scan.noted import NotedFacts
from doctor.scan.resolve import located
from doctor.scan.run import Scan, scan
from doctor.state.out import write_out

_ALLOWED = (Applicability.SAFE, Applicability.DISRUPTIVE, Applicability.DESTRUCTIVE)


class BundleOptions(Struct, frozen=True, kw_only=True):
    """Options of the command line."""

    output: str = ""
    root: str = ""
    dry_run: bool = False
    force: bool = False


def run(options: BundleOptions, shared: SharedOptions) -> int:
    """Take the bundle and write it, or list its content; return the exit code."""
    _refuse(options)
    # A skipped check may be wanted where the bundle is judged.
    settings = replace(load_settings(), skip=())
    catalog = load_catalog(settings)
    host = open_host(options.root)
    started, clock = time.time(), time.perf_counter()
    before = scan(host, catalog, catalog.choose((), ()), facts=NotedFacts(host))
    job = FixJob(
        options=FixOptions(root=options.root),
        shared=shared,
        settings=settings,
        catalog=catalog,
        host=host,
        started=started,
        clock=clock,
    )
    report = make_report(
        host,
        before,
        settings,
        catalog,
        started=started,
        seconds=job.seconds,
        fail_on=settings.fail_on,
        scope=replace(scope(catalog, settings, host), unfinished=warn_unfinished(host, shared)),
    )
    taken = take(
        before,
        catalog,
        report=report,
        plans=_plans(job, before),
        is_root=os.geteuid() == 0,
    )
    if os.geteuid() != 0:
        shared.progress(f"note: much of a host can't be seen without root: run '{as_root()}'")
    if options.dry_run:
        if not shared.quiet:
            print("\n".join(map(visible, map(redact, _table(taken, verbose=shared.verbose)))))
        return 0
    _write(options, taken.raw)
    shared.progress(_summary(options, taken))
    return 0


def _refuse(options: BundleOptions) -> None:
    """Raise an error for what can't work, before the host is examined."""
    path = options.output
    if not path and not options.dry_run:
        raise UsageError("-o FILE is missing", do="name the file to write, or show its content with --dry-run")
    if options.dry_run or not path:
        return
    if path == "-":
        if is_terminal(sys.stdout):
            raise UsageError("refusing to write a bundle to a terminal", do="use -o FILE, or pipe it")
        return
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise UsageError("the directory does not exist", where=os.path.dirname(os.path.abspath(path)))
    if os.path.isdir(path):
        raise UsageError("it is a directory", where=os.path.abspath(path), do="add the name of the file")
    if os.path.isfile(path) and not options.force:
        raise RefusedError("the file exists", where=os.path.abspath(path), do="choose another name, or add --force")


def _plans(job: FixJob, before: Scan) -> dict[Applicability, PlanReport]:
    """Return the plan for each value of --allow. Without one, the bundle still has its facts."""
    plans: dict[Applicability, PlanReport] = {}
    last: PlanReport | None = None
    try:
        for allow in _ALLOWED:
            word = "" if allow is Applicability.SAFE else allow.word
            own = replace(job, options=replace(job.options, allow=word))
            # If nothing waits for a larger --allow, the next plan is the same.
            if last is None or any(one.needs is not None for one in last.manual):
                last = plan_report(own, plan_of(own, allow, before))
            plans[allow] = replace(last, command="")
    except Exception as error:  # noqa: BLE001 - boundary 2 of 3: a plan that fails must not cost the facts
        reason = str(error) if isinstance(error, DoctorError) else located(error)
        job.shared.progress(f"note: the bundle has no plan: {reason}")
        return {}
    return plans


def _write(options: BundleOptions, raw: bytes) -> None:
    if options.output == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
        return
    try:
        write_out(options.output, raw, mode=0o600, takes_over=False)
    except OSError as error:
        raise DoctorError(
            f"can't write the bundle: {error.strerror}",
            where=os.path.abspath(options.output),
            do="choose another -o FILE",
        ) from error


def _summary(options: BundleOptions, taken: TakenBundle) -> str:
    parts = taken.listed.parts
    where = "" if options.output == "-" else f" to {options.output}"
    masked, dropped = sum(one.masked for one in parts), sum(one.dropped for one in parts)
    said = f"wrote a bundle of {taken.listed.host.name}{where}: {plural(len(parts), 'part')}, {_size(len(taken.raw))}"
    return f"{said}, {plural(masked, 'text')} masked, {plural(dropped, 'file content')} left out"


def _table(taken: TakenBundle, *, verbose: bool) -> Iterator[str]:
    """Yield what is in a bundle: by subject, with -v each fact."""
    listed = taken.listed
    whole = sum(one.bytes for one in listed.parts)
    yield f"bundle of {_named(listed)}: {_size(len(taken.raw))}, unpacked {_size(whole)}"
    yield ""
    yield f"{'part':<44} {'size':>9} {'masked':>7} {'left out':>9}"
    groups: dict[str, list[Part]] = {}
    for one in listed.parts:
        groups.setdefault(one.name if verbose else _subject(one.name), []).append(one)
    for name, parts in groups.items():
        size = sum(one.bytes for one in parts)
        masked, dropped = sum(one.masked for one in parts), sum(one.dropped for one in parts)
        line = f"{name:<44} {_size(size):>9} {masked or '':>7} {dropped or '':>9}"
        yield line.rstrip() + (f"  missing: {parts[0].missing}" if verbose and parts[0].missing else "")
    yield ""
    yield "masked: passwords, values of environments, labels, settings that doctor does not know, arguments of programs"
    yield "left out: contents of files, which only a repair on the host needs"
    yield "in it: names, addresses, paths, settings, firewall rules, log lines of the engine; the report and the plans"
    if listed.from_host:
        yield f"with the result of this host's own scan: {', '.join(listed.from_host)}"


def _subject(name: str) -> str:
    """Return the subject of a part: "facts about network" for a fact of that folder."""
    words = name.split(".")
    if "facts" not in words[:-1]:
        return "plans" if name.startswith("plan:") else name
    at = words.index("facts")
    room = "" if words[0] == "doctor" and at == 1 else f" ({words[at - 1]})"
    return f"facts about {words[at + 1]}{room}"


def _named(listed: BundleList) -> str:
    about = ", ".join(filter(None, (listed.host.os, f"engine {listed.host.engine}" if listed.host.engine else "")))
    return f"{listed.host.name}{f' ({about})' if about else ''}"


def _size(number: int) -> str:
    return (
        f"{number} B"
        if number < 1024
        else f"{number / 1024:.0f} KiB"
        if number < 1 << 20
        else f"{number / (1 << 20):.1f} MiB"
    )
