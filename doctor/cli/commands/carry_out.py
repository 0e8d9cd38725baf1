"""``doctor fix --apply`` and ``--resume``: carry a plan out, and report the result."""

import os
import sys

from msgspec.structs import replace

from doctor import __version__
from doctor.cli import spelled
from doctor.cli.accepted import waive
from doctor.cli.commands.planned import FixJob, plan_of, plan_report, warn_incomplete
from doctor.cli.commands.provers import image_prover, prover
from doctor.cli.commands.report.kept_repairs import keep
from doctor.cli.common import (
    asked,
    emit,
    host_info,
    is_terminal,
)
from doctor.cli.repair_lock import at_work
from doctor.cli.spelled import as_root
from doctor.host.base import Host
from doctor.model.errors import RefusedError
from doctor.model.exit_code import ExitCode
from doctor.model.finding import Finding
from doctor.model.report import HostInfo, ManualFix, PlanReport, RepairReport
from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.model.text import plural
from doctor.model.verdict import judge
from doctor.repair import apply as repair
from doctor.repair.planning.plan import Plan
from doctor.repair.proof.prove import shortfalls
from doctor.repair.runs.found import new_name, unfinished
from doctor.repair.runs.record import RunDirectory


def run(job: FixJob, allow: Applicability) -> int:
    """Plan and apply, or finish a repair that was interrupted; return the exit code."""
    _need_root(job.host)
    with at_work(job.shared):
        left = unfinished()
        if job.options.resume:
            if left is None:
                raise RefusedError("no repair is unfinished", do="see 'doctor undo --list'")
            return _resume(job, left.run)
        if left is not None:
            raise RefusedError(
                f"repair {left.run.name} is unfinished",
                do="'doctor undo' rolls it back, 'doctor fix --resume' finishes it",
            )
        return _apply(job, allow)


def _need_root(host: Host) -> None:
    if host.is_live() and os.geteuid() != 0:
        raise RefusedError("a repair of this host needs root", do=f"run '{as_root()}'")


def _apply(job: FixJob, allow: Applicability) -> int:
    plan = plan_of(job, allow)
    report = plan_report(job, plan)
    warn_incomplete(job, report)
    if not plan.actions:
        return _nothing(job, plan, report)
    if not job.options.yes:
        _ask(job, report)
        if _effect(plan_of(job, allow)) != _effect(plan):
            raise RefusedError(
                "the host changed since the plan was shown; nothing was applied", do="review the plan again"
            )
    record = repair.to_record(plan, job.host.root, new_name(job.started), deep=job.options.deep)
    done = repair.apply(
        record,
        job.host,
        job.catalog,
        prove=prover(job.host, job.catalog, job.shared),
        prove_images=image_prover(job.host, job.catalog, job.shared),
        progress=job.shared.progress,
    )
    return _finish(job, done, report.host, plan)


def _nothing(job: FixJob, plan: Plan, report: PlanReport) -> int:
    """Report a plan without actions and return its exit code."""
    is_refused = any(manual.needs is not None for manual in plan.manual)
    code = ExitCode.REFUSED if is_refused else report.exit_code
    if job.options.format == "text":
        emit(job.catalog, report, "text", job.options.output, job.shared)
    else:
        job.shared.progress(f"note: {report.verdict.says}")
        empty = repair.Done(run="", actions=(), after=plan.before, probes=(), error="", rolled_back=False)
        emit(
            job.catalog,
            replace(_repair_report(job, empty, report.host, plan), exit_code=code),
            job.options.format,
            job.options.output,
            job.shared,
        )
    return code


def _ask(job: FixJob, report: PlanReport) -> None:
    """Show the plan and ask once."""
    if not is_terminal(sys.stdin):
        raise RefusedError("can't ask for confirmation: standard input is not a terminal", do="add --yes")
    text = job.catalog.report_format("text").function(
        report, colour=job.shared.colour, verbose=job.shared.verbose, program=spelled.name()
    )
    sys.stderr.write(text.decode())
    if not asked(f"Apply {plural(len(report.actions), 'action')}? [y/N] "):
        raise RefusedError("nothing was applied: you answered no")


def _effect(plan: Plan) -> list[tuple[str, tuple[Step, ...]]]:
    """Return the summaries and steps of a plan, to compare it with another."""
    return [(action.summary, action.steps) for action in plan.actions]


def _finish(job: FixJob, done: repair.Done, host: HostInfo, plan: Plan | None) -> int:
    report = _repair_report(job, done, host, plan)
    keep(report, job.shared.progress)
    emit(job.catalog, report, job.options.format, job.options.output, job.shared)
    return report.exit_code


def _repair_report(job: FixJob, done: repair.Done, host: HostInfo, plan: Plan | None) -> RepairReport:
    erased = repair.erased(plan, done) if plan else ()
    after = (*done.after.findings, *erased) if done.after else ()
    remaining = waive(after, job.settings, job.host.now(), job.catalog)
    if done.error:
        code = ExitCode.ROLLED_BACK if done.rolled_back else ExitCode.HALF_DONE
    else:
        code = judge(remaining, done.after.outcomes if done.after else (), fail_on=job.settings.fail_on).exit_code
        code = ExitCode.FOUND if any(shortfalls(done.probes)) else code
    gone = repair.findings_gone(plan.before, done.after, remaining) if plan and done.after and not done.error else ()
    return RepairReport(
        run=done.run,
        host=host,
        doctor=__version__,
        started=job.started,
        seconds=job.seconds,
        actions=done.actions,
        probes=done.probes,
        resolved=gone,
        remaining=remaining,
        manual=(*_still(plan.manual if plan else (), done), *(_forgotten(finding) for finding in erased)),
        outcomes=done.after.outcomes if done.after else (),
        rolled_back=done.rolled_back,
        half_done=done.half_done,
        error=done.error,
        exit_code=code,
    )


def _forgotten(finding: Finding) -> ManualFix:
    return ManualFix(
        finding=finding,
        why="the engine's start erased the record; a copy was kept before",
        advice=f"see 'doctor explain {finding.id}'",
    )


def _still(manual: tuple[ManualFix, ...], done: repair.Done) -> tuple[ManualFix, ...]:
    """Return the findings left to the user that are still present after the repair."""
    if done.after is None or done.error:
        return manual
    there = {finding.fingerprint for finding in done.after.findings}
    return tuple(fix for fix in manual if fix.finding.fingerprint in there)


def _resume(job: FixJob, left: RunDirectory) -> int:
    _need_root(job.host)
    record = left.plan()
    if record.undoes:
        raise RefusedError(f"run {left.name} is an unfinished undo", do=f"run 'doctor undo {record.undoes}' again")
    if os.path.realpath(record.root) != os.path.realpath(job.host.root):
        raise RefusedError(f"run {left.name} repairs {record.root}", do=f"add --root {record.root}")
    done = repair.resume(
        left,
        job.host,
        job.catalog,
        prove=prover(job.host, job.catalog, job.shared),
        prove_images=image_prover(job.host, job.catalog, job.shared),
        progress=job.shared.progress,
    )
    return _finish(job, done, host_info(job.host), None)
