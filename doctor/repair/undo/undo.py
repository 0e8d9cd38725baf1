"""Take a repair back: every byte, mode, owner and xattr. An undo is a run like any other, so it can be undone too."""

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
from doctor.repair.undo.effect import with_running
from doctor.repair.undo.engine_back import engine_left, with_engine
from doctor.repair.undo.later import Later, later


class Undone(msgspec.Struct, frozen=True):
    """The repair that an undo took back, the run of the undo, and what it could not restore."""

    repair: str
    run: str
    half_done: tuple[HalfDone, ...]


def choose(name: str) -> RunDirectory:
    """Return the run to take back: the named one, else the unfinished one, else the last that is applied."""
    if name:
        run = find_run(name)
        if run.result in {"undone", "rolled back"}:
            raise RefusedError(f"run {run.name} is {run.result} already", do="see 'doctor undo --list'")
        return run
    known, _ = survey()
    candidates = [one for one in known if one.result in {"", "applied", "rolled back in part"} and not one.plan.undoes]
    if not candidates:
        raise RefusedError("there is no repair to undo", do="see 'doctor undo --list'")
    return next((one.run for one in candidates if not one.result), candidates[-1].run)


def backwards(run: RunDirectory, record: PlanRecord, found: tuple[Later, ...] = ()) -> list[ActionRecord]:
    """Return the actions that take a run back, last step first; the engine's own stop and start are left out.

    A place that somebody changed afterwards (``found``) is merged or kept, where that can be.
    """
    keeps = _keeps(found)
    owner = [action for action in record.actions for _ in action.steps]
    flat = [step for action in record.actions for step in action.steps]
    journal = run.journal()
    done = journal.done
    steps: dict[int, list[Step]] = {}
    for number, before in reversed(journal.begun.items()):
        if not owner[number].engine:
            back = inverse(flat[number], before, is_done=number in done)
            steps.setdefault(owner[number].number, []).extend(step for step in back if not _is_kept(step, keeps))
    by_number = {action.number: action for action in record.actions}
    return [*_merging(found), *_taking(steps, by_number)]


def _keeps(found: tuple[Later, ...]) -> tuple[str, ...]:
    return tuple(one.path for one in found if one.is_kept or one.merged is not None)


def _is_kept(step: Step, keeps: tuple[str, ...]) -> bool:
    return any(path in keeps for path in (getattr(step, "path", ""), getattr(step, "to", "")) if path)


def _merging(found: tuple[Later, ...]) -> list[ActionRecord]:
    """Return the actions that take a repair's own change out of a file and leave what came later."""
    return [
        ActionRecord(
            number=0,
            summary=f"take the repair's change out of {one.path}, and keep what came later",
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
    """Return the plan of an undo, with the engine's stop and start where it needs them; raises ``RefusedError``.

    With ``force``, what a damaged journal no longer tells is left as it is, and the rest is taken back.
    """
    record = run.plan()
    unknown = run.journal().lost_steps
    if unknown and not force:
        flat = [step for action in record.actions for step in action.steps]
        places = ", ".join(getattr(flat[number], "path", "a command") for number in unknown if number < len(flat))
        raise RefusedError(
            f"the journal of run {run.name} is damaged: the content from before the repair is unknown for {places}",
            where=os.path.join(run.path, "journal"),
            do=f"'doctor undo {run.name} --force' undoes the rest",
        )
    found = () if is_rollback else _later(run, record, host, force=force)
    Executor(run, record).sweep(record)
    actions = backwards(run, record, found)
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
        undoes=run.name,
        is_rollback=is_rollback,
        keeps=_keeps(found),
    )
    return made if is_rollback else with_running(made, host)


def _later(run: RunDirectory, record: PlanRecord, host: Host, *, force: bool) -> tuple[Later, ...]:
    """Return what was changed after a run; raises ``RefusedError`` for it without ``force``, and for another disk always."""
    refuse_other(record, host)
    found = later(record, run.journal(), host)
    if found and not force:
        raise RefusedError(
            f"{', '.join(one.what for one in found)}: added or changed after the repair, and an undo would lose it",
            do=f"save it, then run 'doctor undo {run.name} --force': it merges where it can",
        )
    return found


def undo(run: RunDirectory, record: PlanRecord, *, progress: Callable[[str], None]) -> Undone:
    """Carry a prepared undo out; the caller is alone."""
    refuse_held(record)
    taken = RunDirectory.create(record)
    run.free_reserve()
    return Undone(run.name, taken.name, carry_out(taken, record, progress=progress))


def roll_back(run: RunDirectory, host: Host, progress: Callable[[str], None]) -> tuple[HalfDone, ...]:
    """Take back what a run did that failed, as far as it goes, and return what is not as it was before. Raises nothing of its own."""
    record = run.plan()
    restored = Restored(run, record)
    failures: tuple[StepFailure, ...] = ()
    try:
        back = prepare(run, host, is_rollback=True)
        if back.actions:
            try:
                taken = RunDirectory.create(back)
            except DoctorError as error:
                # Nothing can be kept any more. Taking the run back matters more than being able to undo that.
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
    """Finish an undo that was interrupted or stopped; the caller is alone.

    It must go on where it stood: done from the start again, it would move what it has restored out of the way.
    """
    record = left.plan()
    refuse_other(find_run(record.undoes).plan(), host)
    with engine_aside(left, record, host, progress):
        return Undone(record.undoes, left.name, carry_out(left, record, progress=progress))


def _tidy(record: PlanRecord) -> None:
    """Remove what an undo leaves empty in the data roots: the places where the repair had put things aside."""
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
    """Return the undo of a run that stopped on its way, or ``None``: the next one goes on there."""
    undos = [one for one in survey()[0] if one.plan.undoes == run.name]
    return undos[-1].run if undos and undos[-1].result not in {"applied", "undone"} else None


def carry_out(taken: RunDirectory, record: PlanRecord, *, progress: Callable[[str], None]) -> tuple[HalfDone, ...]:
    """Do the steps of an undo that are not done yet, and mark the run it takes back; the caller holds the lock.

    Returns what could not be restored; then neither is marked, and the next undo goes on with it.
    """
    run = find_run(record.undoes)
    restored = Restored(run, run.plan())
    failures = perform_back(taken, record, progress, restored.look)
    left = unrestored(run, run.plan(), failures, {*record.keeps, *restored.paths})
    if left:
        taken.finish(f"stopped: {left[0].what}: {left[0].why}")
        return left
    _tidy(record)
    # In this order: killed in between, the undo is the unfinished one, and nobody takes the run back twice.
    _mark(run)
    taken.finish("applied")
    return ()
