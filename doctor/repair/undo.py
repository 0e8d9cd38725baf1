"""Take a repair back: every byte, mode, owner and xattr. An undo is a run like any other, so it can be undone too."""

import os
import time
from collections.abc import Callable

import msgspec

from doctor import __version__
from doctor.facts.engine_control import EngineControl
from doctor.host.base import Host
from doctor.model.errors import RefusedError, RepairError
from doctor.model.missing import Missing
from doctor.model.paths import is_beneath
from doctor.model.step import Step
from doctor.repair.execute import Executor, inverse
from doctor.repair.perform import perform
from doctor.repair.record import ActionRecord, PlanRecord, Run, all_runs, find_run, new_name
from doctor.scan.resolve import Facts
from doctor.state.files import ensure_dir, locked
from doctor.state.paths import runs_dir


def choose(name: str) -> Run:
    """Return the run to take back: the named one, else the unfinished one, else the last that is applied."""
    if name:
        run = find_run(name)
        if run.result in {"undone", "rolled back"}:
            raise RefusedError(f"run {name} is {run.result} already", do="see 'doctor undo --list'")
        return run
    candidates = [run for run in all_runs() if run.result in {"", "applied", "rolled back in part"}]
    candidates = [run for run in candidates if not run.plan().undoes]
    if not candidates:
        raise RefusedError("there is no repair to take back", do="see 'doctor undo --list'")
    return next((run for run in candidates if not run.result), candidates[-1])


def backwards(run: Run, record: PlanRecord) -> list[ActionRecord]:
    """Return the actions that take a run back, last step first; the engine's own stop and start are left out."""
    owner = [action for action in record.actions for _ in action.steps]
    flat = [step for action in record.actions for step in action.steps]
    steps: dict[int, list[Step]] = {}
    for entry in reversed(run.journal()):
        if entry.state != "intent" or entry.before is None or owner[entry.step].engine:
            continue
        steps.setdefault(owner[entry.step].number, []).extend(inverse(flat[entry.step], entry.before))
    by_number = {action.number: action for action in record.actions}
    return [
        ActionRecord(
            number=0,
            summary=f"take back: {by_number[number].summary}",
            risk=by_number[number].risk,
            fixes=(),
            check_ids=by_number[number].check_ids,
            diff="",
            steps=tuple(found),
        )
        for number, found in steps.items()
        if found
    ]


def prepare(run: Run, host: Host) -> PlanRecord:
    """Return the plan of an undo, with the engine's stop and start where it needs them; raises ``RefusedError``."""
    record = run.plan()
    Executor(run, record.root, record.data_roots).sweep(record)
    actions = backwards(run, record)
    touches = any(
        is_beneath(getattr(step, "path", ""), top)
        for action in actions
        for step in action.steps
        for top in record.data_roots
    )
    if touches or any(action.engine for action in record.actions):
        actions = _with_engine(record, actions, host, touches=touches)
    return PlanRecord(
        run=new_name(time.time()),
        doctor=__version__,
        started=time.time(),
        root=record.root,
        actions=tuple(msgspec.structs.replace(action, number=number) for number, action in enumerate(actions, 1)),
        engine_was_running=record.engine_was_running,
        data_roots=record.data_roots,
        undoes=run.name,
    )


def _with_engine(record: PlanRecord, actions: list[ActionRecord], host: Host, *, touches: bool) -> list[ActionRecord]:
    """Stop an engine that runs now; start it again afterwards if it ran before the repair."""
    control = Facts(host).get(EngineControl)
    if isinstance(control, Missing):
        if touches and host.is_live():
            raise RefusedError(f"can't tell whether an engine holds the data root: {control.reason}")
        return actions
    stop = control.stop_steps()
    start = control.start_steps() if record.engine_was_running else ()
    if stop and record.engine_was_running and control.manual:
        raise RefusedError("the engine must be stopped for it, and doctor can't start it again", do=control.manual)
    first = [_engine("stop the engine", stop)] if stop else []
    last = [_engine("start the engine", start)] if start else []
    return [*first, *actions, *last]


def _engine(summary: str, steps: tuple[Step, ...]) -> ActionRecord:
    return ActionRecord(number=0, summary=summary, risk=2, fixes=(), check_ids=(), diff="", steps=steps, engine=True)


def undo(run: Run, record: PlanRecord, host: Host, *, progress: Callable[[str], None]) -> str:
    """Carry a prepared undo out and return its run's id; raises ``RepairError`` when a step fails."""
    del host
    ensure_dir(runs_dir())
    with locked(os.path.join(runs_dir(), ".lock"), purpose="run 'doctor undo' again"):
        taken = Run.create(record)
        carry_out(taken, record, progress=progress)
        run.finish("undone")
        return taken.name


def resume(left: Run, *, progress: Callable[[str], None]) -> str:
    """Finish an undo that a crash interrupted and return the name of the run it takes back.

    It must go on where it stood: done from the start again, it would move what it has restored out of the way.
    """
    record = left.plan()
    with locked(os.path.join(runs_dir(), ".lock"), purpose="run 'doctor undo' again"):
        carry_out(left, record, progress=progress)
        find_run(record.undoes).finish("undone")
    return record.undoes


def carry_out(taken: Run, record: PlanRecord, *, progress: Callable[[str], None]) -> None:
    """Do the steps of an undo that are not done yet; the caller holds the lock. Raises ``RepairError``."""
    results: dict[int, str] = {}
    error = perform(taken, record, results, progress)
    last = record.actions[-1] if record.actions else None
    if error and last is not None and last.engine and results.get(last.number, "").startswith("failed"):
        # The old state may be one that no engine starts on: that is what was asked for.
        progress(f"the engine does not start on the old state: {error}")
    elif error:
        taken.finish(f"stopped: {error}")
        raise RepairError(
            f"taking run {record.undoes} back stopped: {error}", where=taken.path, do="mend that, then undo again"
        )
    taken.finish("applied")
