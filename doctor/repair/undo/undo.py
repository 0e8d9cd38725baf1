"""Undoes a repair: every byte, mode, owner and xattr. An undo is a run too, so it can be undone."""

import os
import time
from collections.abc import Callable

import msgspec

from doctor import __version__
from doctor.host.base import Host
from doctor.model.errors import DoctorError, RefusedError
from doctor.model.report import HalfDone
from doctor.model.step import File, Put, Step
from doctor.repair.aside import engine_aside
from doctor.repair.engine.holders import refuse_held
from doctor.repair.rollback import Restored, unrestored
from doctor.repair.runs.found import find_run, new_name, survey
from doctor.repair.runs.record import ActionRecord, PlanRecord, RunDirectory
from doctor.repair.runs.whose import refuse_other
from doctor.repair.steps.execute import Executor
from doctor.repair.steps.inverse import inverse
from doctor.repair.steps.nodes import Tree
from doctor.repair.steps.perform import StepFailure, perform_back
from doctor.repair.undo.boots import is_of_earlier_boot, is_of_kernel, this_boot
from doctor.repair.undo.effect import with_running
from doctor.repair.undo.engine_back import engine_left, with_engine
from doctor.repair.undo.later import Later, later
from doctor.repair.undo.purged import lost_originals, refuse_purged


class Undone(msgspec.Struct, frozen=True):
    """The undone repair, the run of the undo, and what it could not restore."""

    repair: str
    run: str
    half_done: tuple[HalfDone, ...]


def choose(name: str) -> RunDirectory:
    """Return the run to undo: the named one, else the unfinished one, else the last applied one."""
    if name:
        run = find_run(name)
        if run.result in {"undone", "rolled back"}:
            raise RefusedError(f"run {run.name} is already {run.result}", do="see 'doctor undo --list'")
        return run
    known, _ = survey()
    candidates = [one for one in known if one.result in {"", "applied", "rolled back in part"} and not one.plan.undoes]
    if not candidates:
        raise RefusedError("there is no repair to undo", do="see 'doctor undo --list'")
    return next((one.run for one in candidates if not one.result), candidates[-1].run)


def backwards(
    run: RunDirectory, record: PlanRecord, found: tuple[Later, ...] = (), lost: tuple[str, ...] = ()
) -> list[ActionRecord]:
    """Return the actions that reverse a run, last step first, without the engine's own stop and start.

    A path that was changed afterwards (``found``) is merged or kept, if possible; one whose original was purged (``lost``) stays.
    What the kernel kept until a boot that came since is left out: the rules of now are the engine's own, made at its start.
    """
    is_over = is_of_earlier_boot(record)
    journal = run.journal()
    keeps = (*_keeps(found), *lost)
    owner = [action for action in record.actions for _ in action.steps]
    flat = [step for action in record.actions for step in action.steps]
    done = journal.done
    steps: dict[int, list[Step]] = {}
    for number, before in reversed(journal.begun.items()):
        if not owner[number].engine and not (is_over and is_of_kernel(flat[number])):
            back = inverse(flat[number], before, is_done=number in done)
            steps.setdefault(owner[number].number, []).extend(step for step in back if not _is_kept(step, keeps))
    by_number = {action.number: action for action in record.actions}
    return [*_merging(found), *_taking(steps, by_number)]


def _keeps(found: tuple[Later, ...]) -> tuple[str, ...]:
    return tuple(one.path for one in found if one.is_kept or one.merged is not None)


def _is_kept(step: Step, keeps: tuple[str, ...]) -> bool:
    return any(path in keeps for path in (getattr(step, "path", ""), getattr(step, "to", "")) if path)


def _merging(found: tuple[Later, ...]) -> list[ActionRecord]:
    """Return the actions that remove the repair's change from a file and keep later changes."""
    return [
        ActionRecord(
            number=0,
            summary=f"remove the repair's change from {one.path}, and keep later changes",
            risk=1,
            fixes=(),
            check_ids=(),
            diff="",
            steps=(Put(path=one.path, node=File(content=one.merged)),),
        )
        for one in found
        if one.merged is not None
    ]


def _taking(steps: dict[int, list[Step]], by_number: dict[int, ActionRecord]) -> list[ActionRecord]:
    return [
        ActionRecord(
            number=0,
            summary=f"undo: {by_number[number].summary}",
            risk=by_number[number].risk,
            fixes=(),
            check_ids=by_number[number].check_ids,
            diff="",
            steps=tuple(found),
            undoes=number,
        )
        for number, found in steps.items()
        if found
    ]


def prepare(run: RunDirectory, host: Host, *, is_rollback: bool = False, force: bool = False) -> PlanRecord:
    """Return the plan of an undo, with the engine's stop and start if needed; raises ``RefusedError``.

    With ``force``, steps whose record in the journal is corrupt or whose original was purged are left, and all others are undone.
    """
    record = run.plan()
    journal = run.journal()
    lost = lost_originals(run, record)
    if not force:
        refuse_purged(run, record, lost)
    unknown = journal.lost_steps
    if unknown and not force:
        flat = [step for action in record.actions for step in action.steps]
        places = ", ".join(getattr(flat[number], "path", "a command") for number in unknown if number < len(flat))
        raise RefusedError(
            f"the journal of run {run.name} is corrupt: the original content is unknown for {places}",
            where=os.path.join(run.path, "journal"),
            do=f"'doctor undo {run.name} --force' undoes the rest",
        )
    found = () if is_rollback else _later(run, record, host, force=force)
    Executor(run, record).sweep(record)
    actions = backwards(run, record, found, tuple(lost))
    if not actions:
        refuse_purged(run, record, lost)
    actions = with_engine(run, record, actions, host, is_rollback=is_rollback)
    made = PlanRecord(
        run=new_name(time.time()),
        doctor=__version__,
        started=time.time(),
        root=record.root,
        actions=tuple(msgspec.structs.replace(action, number=number) for number, action in enumerate(actions, 1)),
        running=record.running,
        data_roots=record.data_roots,
        service_roots=record.service_roots,
        apart=record.apart,
        boot=this_boot() if record.boot else "",
        undoes=run.name,
        is_rollback=is_rollback,
        keeps=(*_keeps(found), *lost),
    )
    return made if is_rollback else with_running(made, host)


def _later(run: RunDirectory, record: PlanRecord, host: Host, *, force: bool) -> tuple[Later, ...]:
    """Return later changes; raises ``RefusedError`` if there are any without ``force``, and always for another disk."""
    refuse_other(record, host)
    found = later(record, run.journal(), host)
    if found and not force:
        raise RefusedError(
            f"{', '.join(one.what for one in found)}: added or changed after the repair, and an undo would lose it",
            do=f"save it, then run 'doctor undo {run.name} --force': it merges where it can",
        )
    return found


def undo(run: RunDirectory, record: PlanRecord, *, progress: Callable[[str], None]) -> Undone:
    """Execute a prepared undo; the caller holds the lock."""
    refuse_held(record)
    taken = RunDirectory.create(record)
    run.free_reserve()
    return Undone(run.name, taken.name, carry_out(taken, record, progress=progress))


def roll_back(run: RunDirectory, host: Host, progress: Callable[[str], None]) -> tuple[HalfDone, ...]:
    """Roll back a failed run as far as possible, and return what is not restored. Never raises."""
    record = run.plan()
    restored = Restored(run, record)
    failures: tuple[StepFailure, ...] = ()
    try:
        back = prepare(run, host, is_rollback=True)
        if back.actions:
            try:
                taken = RunDirectory.create(back)
            except DoctorError as error:
                # Nothing can be recorded. The rollback is more important than its own undo.
                progress(f"the rollback is not recorded: {error.what}")
                taken = RunDirectory.unkept(back.run)
            failures = perform_back(taken, back, progress, restored.look)
            left = (*unrestored(run, record, failures, restored.paths), *engine_left(run, record, host))
            if not left:
                _tidy(back)
            taken.finish(f"stopped: {left[0].what}: {left[0].why}" if left else "applied")
    except (DoctorError, OSError) as error:
        progress(f"the rollback stopped: {error}")
    return (*unrestored(run, record, failures, restored.paths), *engine_left(run, record, host))


def resume(left: RunDirectory, host: Host, *, progress: Callable[[str], None]) -> Undone:
    """Finish an undo that was interrupted or stopped; the caller holds the lock.

    It must continue where it stopped: from the start, it would move restored files out of the way.
    """
    record = left.plan()
    refuse_other(find_run(record.undoes).plan(), host)
    with engine_aside(left, record, host, progress):
        return Undone(record.undoes, left.name, carry_out(left, record, progress=progress))


def _tidy(record: PlanRecord) -> None:
    """Remove empty directories of doctor in the data roots, where the repair had its quarantine."""
    tree = Tree(record.root)
    for top in record.data_roots:
        quarantine = f"{top}/.doctor-quarantine"
        for name in (record.undoes, record.run):
            tree.remove_empty(f"{quarantine}/{name}")
        tree.remove_empty(quarantine)


def _mark(run: RunDirectory) -> None:
    """Mark a run as undone; a repair whose undo is undone is applied again."""
    run.finish("undone")
    again = run.plan().undoes
    if again:
        find_run(again).finish("applied")


def begun(run: RunDirectory) -> RunDirectory | None:
    """Return the interrupted undo of a run, which is to be continued, or ``None``."""
    undos = [one for one in survey()[0] if one.plan.undoes == run.name]
    return undos[-1].run if undos and undos[-1].result not in {"applied", "undone"} else None


def carry_out(taken: RunDirectory, record: PlanRecord, *, progress: Callable[[str], None]) -> tuple[HalfDone, ...]:
    """Execute the remaining steps of an undo, and mark the run as undone; the caller holds the lock.

    Returns what could not be restored; then neither is marked, and the next undo continues.
    """
    run = find_run(record.undoes)
    restored = Restored(run, run.plan())
    failures = perform_back(taken, record, progress, restored.look)
    left = unrestored(run, run.plan(), failures, {*record.keeps, *restored.paths})
    if left:
        taken.finish(f"stopped: {left[0].what}: {left[0].why}")
        return left
    _tidy(record)
    # In this order: if killed in between, the undo is the unfinished one, and the run is not undone twice.
    _mark(run)
    taken.finish("applied")
    return ()
