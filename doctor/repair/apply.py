"""Applies a plan: journal, apply, verify, and roll back if the proof fails."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from msgspec import Struct

from doctor import __version__
from doctor.host.base import Host
from doctor.model.action import Stage
from doctor.model.errors import DoctorError, RefusedError, RepairError
from doctor.model.finding import Finding
from doctor.model.missing import HostError
from doctor.model.probe_result import ProbeResult
from doctor.model.report import HalfDone, PlannedAction
from doctor.model.severity import Severity
from doctor.model.step import File, Put, touches
from doctor.plugins.catalog import Catalog
from doctor.repair.aside import engine_aside
from doctor.repair.engine.holders import refuse_held
from doctor.repair.expected import ByEngine, expected_of, images, present, standing, with_stopped
from doctor.repair.planning.plan import Plan
from doctor.repair.proof.prove import Progress, Proof, Prove, ProveImages, started_engines
from doctor.repair.runs.found import unfinished
from doctor.repair.runs.record import ActionRecord, PlanRecord, RunDirectory
from doctor.repair.runs.whose import disk_of, refuse_other, roots_of
from doctor.repair.steps.nodes import Tree
from doctor.repair.steps.perform import perform
from doctor.repair.undo.boots import this_boot
from doctor.scan.controls import controls
from doctor.scan.open_cuts import ended_ways, was_behind
from doctor.scan.run import Scan, scan
from doctor.state.files import ensure_dir, lock_holder, locked
from doctor.state.paths import runs_dir, state_dir


class Done(Struct, frozen=True, kw_only=True):
    """The result of a run.

    Attributes:
        run: its id.
        actions: each with its result.
        after: the scan afterwards, ``None`` if it was not reached.
        probes: the proof.
        error: what failed, or "".
        rolled_back: whether it failed, and all its changes were rolled back.
        half_done: what could not be rolled back.
    """

    run: str
    actions: tuple[PlannedAction, ...]
    after: Scan | None
    probes: tuple[ProbeResult, ...]
    error: str
    rolled_back: bool
    half_done: tuple[HalfDone, ...] = ()


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock for planning, repairs and undo on this host; raises ``RefusedError`` if another doctor holds it.

    It is held since planning: a plan made during another repair would do things twice.
    """
    try:
        # Both: if only the parent directory is writable by others (a tmpfs with mode 1777), a later step would be refused.
        ensure_dir(state_dir())
        ensure_dir(runs_dir())
    except DoctorError as error:
        raise RefusedError(error.what, where=error.where, do=error.do) from error
    with locked(lock_path(), purpose="run doctor again"):
        yield


def lock_path() -> str:
    """Return the path of the lock for repairs."""
    return os.path.join(runs_dir(), ".lock")


def who_is_at_work() -> str:
    """Return the process id of a doctor that repairs or undoes now ("?" if unknown), or ""."""
    return lock_holder(lock_path())


def to_record(plan: Plan, root: str, name: str, *, deep: bool = False) -> PlanRecord:
    """Return the plan as data, complete enough to be finished by another process."""
    expected = _expected(plan)
    return PlanRecord(
        run=name,
        doctor=__version__,
        started=time.time(),
        root=root,
        actions=tuple(
            ActionRecord(
                number=number,
                summary=action.summary,
                risk=int(action.risk),
                fixes=tuple(finding.fingerprint for finding in action.findings),
                check_ids=tuple(dict.fromkeys(finding.id for finding in action.findings)),
                diff=action.diff,
                steps=action.steps,
                engine=action.engine,
            )
            for number, action in enumerate(plan.actions, 1)
        ),
        resolves=tuple(finding.fingerprint for finding in plan.resolves),
        check_ids=plan.check_ids,
        deep=deep,
        ended=ended_ways(plan.before.facts),
        boot=this_boot() if plan.before.facts.host.is_live() else "",
        predicted=tuple(finding.fingerprint for finding in (*plan.after.findings, *plan.before.findings)),
        probes=plan.probes,
        running=plan.running,
        data_roots=plan.data_roots,
        service_roots=plan.service_roots,
        apart=plan.apart,
        expected=expected,
        host=disk_of(plan.before.facts.host),
        roots=roots_of(plan.before.facts, plan.before.facts.host),
        repaired_images=tuple(sorted(images(expected) - images(present(plan.before.facts)))),
    )


def _expected(plan: Plan) -> ByEngine:
    """Return what must be there afterwards; nothing if the plan does not concern a data root."""
    has_to_do = any(
        action.engine or any(touches(step, plan.data_roots) for step in action.steps) for action in plan.actions
    )
    expected = expected_of(plan.before.facts, plan.after.facts) if has_to_do else {}
    stopped = {action.engine for action in plan.actions if action.engine and action.stage is Stage.STOP}
    return with_stopped(expected, (one for one in controls(plan.before.facts) if one.engine in stopped))


def apply(
    record: PlanRecord,
    host: Host,
    catalog: Catalog,
    *,
    prove: Prove,
    progress: Progress,
    prove_images: ProveImages | None = None,
) -> Done:
    """Apply a plan; the caller holds ``alone``. Raises ``RefusedError`` if it may not begin; then nothing has changed."""
    ensure_dir(runs_dir())
    left = unfinished()
    if left is not None:
        raise RefusedError(
            f"run {left.run.name} is unfinished", do="'doctor undo' rolls it back, 'doctor fix --resume' finishes it"
        )
    refuse_held(record)
    run = RunDirectory.create(record)
    run.reserve(_room_to_go_back(record))
    return _carry_out(run, record, host, catalog, prove=prove, prove_images=prove_images, progress=progress)


def _room_to_go_back(record: PlanRecord) -> int:
    """Return the number of bytes that an undo may write: replaced contents, their replacements, and its journal."""
    tree = Tree(record.root)
    size = 256 << 10
    for action in record.actions:
        for step in action.steps:
            if isinstance(step, Put) and isinstance(step.node, File):
                size += len(step.node.content) + tree.size_of(step.path)
    return size


def resume(
    run: RunDirectory,
    host: Host,
    catalog: Catalog,
    *,
    prove: Prove,
    progress: Progress,
    prove_images: ProveImages | None = None,
) -> Done:
    """Finish a run that a crash interrupted: finished steps are kept, the interrupted one is rolled back and done again.

    The caller holds ``alone``.
    """
    record = run.plan()
    if run.journal().lost_steps:
        raise RefusedError(
            f"the journal of run {run.name} is corrupt, so it can't be finished safely",
            do=f"'doctor undo {run.name}' rolls back",
        )
    refuse_other(record, host)
    with engine_aside(run, record, host, progress):
        return _carry_out(run, record, host, catalog, prove=prove, prove_images=prove_images, progress=progress)


def _carry_out(
    run: RunDirectory,
    record: PlanRecord,
    host: Host,
    catalog: Catalog,
    *,
    prove: Prove,
    prove_images: ProveImages | None,
    progress: Progress,
) -> Done:
    results: dict[int, str] = {}
    left: tuple[HalfDone, ...] = ()
    proof = Proof(record, host, prove=prove, prove_images=prove_images, progress=progress)
    after: Scan | None = None
    try:
        error = perform(run, record, results, progress, before_start=proof.offline)
        if not error:
            after, error = _verify(record, proof, host, catalog, progress=progress)
        if not error:
            run.free_reserve()
            run.finish("applied", _there(record, after))
    except (DoctorError, HostError, OSError) as failure:
        # The disk may fill up or fail during verification: a result that is not proven is rolled back.
        error = f"the result could not be proven: {failure}"
    if error:
        progress(f"rolling the repair back: {error}")
        run.free_reserve()
        left = roll_back_run(run, host, progress)
        results = _rolled_back(results, left)
    return Done(
        run=run.name,
        actions=tuple(action.shown(results.get(action.number, "not reached")) for action in record.actions),
        after=after,
        probes=tuple(proof.results),
        error=error,
        rolled_back=bool(error) and not left,
        half_done=left,
    )


def _there(record: PlanRecord, after: Scan | None) -> ByEngine | None:
    """Return what is complete in the data root now, for a run that wrote there: later additions are the user's work."""
    steps = (step for action in record.actions for step in action.steps)
    writes = after is not None and any(touches(step, record.data_roots) for step in steps)
    return standing(after.facts.get) if after is not None and writes else None


def _rolled_back(results: dict[int, str], left: tuple[HalfDone, ...]) -> dict[int, str]:
    """Return the results of actions after a rollback, with the changes that remain."""
    kept = {one.action: one for one in reversed(left)}
    new = {number: "rolled back" if result == "done" else result for number, result in results.items()}
    for number, one in kept.items():
        if number in new:
            failed = f"{new[number]}; " if new[number].startswith("failed") else ""
            new[number] = f"{failed}not rolled back: {one.what}: {one.why}"
    return new


def _verify(record: PlanRecord, proof: Proof, host: Host, catalog: Catalog, *, progress: Progress) -> tuple[Scan, str]:
    progress("verifying the result")
    after = scan(host, catalog, record.check_ids, deep=record.deep)
    there = {finding.fingerprint: finding for finding in after.findings}
    still = [there[fingerprint] for fingerprint in record.resolves if fingerprint in there]
    if still:
        return after, f"still there after the repair: {still[0].id}: {still[0].message}"
    expected = {*record.predicted, *record.resolves}
    new = [
        finding
        for finding in after.findings
        if finding.fingerprint not in expected and finding.level >= Severity.ERROR and not started_engines(record)
    ]
    new = [finding for finding in new if not was_behind(finding, after.facts, record.ended)]
    if new:
        return after, f"new after the repair: {new[0].id}: {new[0].message}"
    return after, proof.offline() or proof.engine() or proof.containers(after)


def roll_back_run(run: RunDirectory, host: Host, progress: Progress) -> tuple[HalfDone, ...]:
    """Roll back a failed run, which is a run itself, record the result, and return what could not be restored."""
    from doctor.repair.undo.undo import roll_back  # noqa: PLC0415 - a cycle: undo imports modules beside this one

    left = roll_back(run, host, progress)
    # If the disk is full or broken, the run stays unfinished, and the next command reports it.
    with suppress(RepairError):
        run.finish("rolled back in part" if left else "rolled back")
    return left


def erased(plan: Plan, done: "Done") -> tuple[Finding, ...]:
    """Return the unrepaired findings whose evidence the engine's start destroyed: they still count as remaining."""
    if done.after is None or done.error or not done.run:
        return ()
    gone = {finding.fingerprint for finding in (*done.after.findings, *plan.resolves)}
    return tuple(
        finding for finding in plan.before.findings if finding.start_destroys and finding.fingerprint not in gone
    )


def findings_gone(before: Scan, after: Scan, remaining: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that a repair resolved, without those of checks that could not examine everything afterwards."""
    left = {finding.fingerprint for finding in remaining}
    blind = {outcome.id for outcome in after.outcomes if outcome.incomplete}
    return tuple(finding for finding in before.findings if finding.fingerprint not in left and finding.id not in blind)
