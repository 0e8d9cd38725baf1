"""Keeps the report of a repair in the directory of its run, and finds it again for ``doctor report``."""

import os
import re
import time
from calendar import timegm
from collections.abc import Callable

from msgspec.structs import replace

from doctor.facts.secrets.redact import redacted
from doctor.history.body import pack_repair, unpack_repair
from doctor.model.errors import DoctorError, UsageError
from doctor.model.report import HostInfo, RepairReport, ScanReport
from doctor.repair.runs.found import Known, find_run, survey
from doctor.repair.runs.record import PlanRecord
from doctor.state.clock import DAY_S
from doctor.state.paths import runs_dir

_NAME = re.compile(r"\d{4,}-\d{8}-\d{6}")


def keep(report: RepairReport, progress: Callable[[str], None]) -> None:
    """Keep the report in its run's directory; a failure is a note, the repair itself is over."""
    if not report.run:
        return
    try:
        find_run(report.run).keep_report(pack_repair(redacted(report)))
    except (OSError, DoctorError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        progress(f"note: the report of repair {report.run} is not kept: {why}")


def is_run(name: str) -> bool:
    """Whether a word has the form of a run's name, which a scan's number has not."""
    return bool(_NAME.fullmatch(name))


def named(name: str) -> RepairReport:
    """Return the report of a run; raises ``UsageError`` if there is no such run."""
    run = find_run(name)
    known, aside = survey()
    for one in aside:
        if one.run.name == run.name:
            raise one.why
    found = next((one for one in known if one.run.name == run.name), None)
    if found is None:
        raise UsageError(f"there is no repair '{name}'", do="see 'doctor undo --list'")
    return _report(found, known)


def recent(scan: ScanReport) -> tuple[RepairReport, ...]:
    """Return the reports of the repairs of this host in the day before a scan, oldest first; those that can't be read are left out."""
    try:
        # Journals hold contents of files: without a run of these days, none is read.
        if not any(_is_near(name, scan.started) for name in os.listdir(runs_dir())):
            return ()
        known, _ = survey()
    except (DoctorError, OSError):
        return ()
    # A run of the demo and the scan after it are minutes apart; a nightly page shows each repair once.
    near = [one for one in known if not one.plan.undoes and 0 <= scan.started - one.plan.started < DAY_S]
    same = [one for one in near if os.path.realpath(one.plan.root) == os.path.realpath(scan.host.root)]
    return tuple(_report(one, known) for one in same if one.result)


def _is_near(name: str, started: float) -> bool:
    """Whether a run's name has a time within two days of a scan; a name without a valid one may be of any time."""
    try:
        made = timegm(time.strptime(name.partition("-")[2], "%Y%m%d-%H%M%S"))
    except ValueError:
        return not name.startswith(".")
    return abs(started - made) < 2 * DAY_S


def _report(found: Known, known: tuple[Known, ...]) -> RepairReport:
    report = _kept(found)
    undone = [one for one in known if one.plan.undoes == found.run.name and not one.plan.is_rollback]
    notes = tuple(f"this repair was undone at {_when(one.plan.started)}" for one in undone[-1:] if one.result)
    return replace(report, notes=(*report.notes, *notes))


def _kept(found: Known) -> RepairReport:
    try:
        data = found.run.report()
        if data is not None:
            return unpack_repair(data)
    except DoctorError as error:
        return _of_plan(found.plan, found.result, f"{error}; this is its plan")
    why = "only its plan is known: it ended before its report was written"
    if found.plan.undoes:
        why = f"this run undoes repair {found.plan.undoes}"
    return _of_plan(found.plan, found.result, why)


def _of_plan(plan: PlanRecord, result: str, note: str) -> RepairReport:
    """Return what the plan and the result of a run without a kept report show."""
    is_done = result in {"applied", "undone"}
    word = "done" if is_done else result or "unknown"
    return RepairReport(
        run=plan.run,
        host=HostInfo(name=os.uname().nodename if plan.root == "/" else os.path.basename(plan.root), root=plan.root),
        doctor=plan.doctor,
        started=plan.started,
        seconds=0.0,
        actions=tuple(action.shown(word) for action in plan.actions),
        probes=(),
        resolved=(),
        remaining=(),
        rolled_back=result == "rolled back",
        error="" if is_done else f"run {plan.run} is {result or 'unfinished'}",
        notes=(note,),
    )


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
