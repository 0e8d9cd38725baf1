"""Do the steps of a recorded plan that are not done yet: the same for a repair, an undo, and what a crash left of them."""

from collections.abc import Callable

from doctor.model.errors import DoctorError
from doctor.model.step import Run as Command
from doctor.repair.execute import Executor
from doctor.repair.record import ActionRecord, PlanRecord, Run
from doctor.repair.together import MOST, group


def perform(
    run: Run,
    record: PlanRecord,
    results: dict[int, str],
    progress: Callable[[str], None],
    *,
    before_start: Callable[[], str] = lambda: "",
) -> str:
    """Do every step that is not done yet and note each action's result by number; return what failed, or "".

    ``before_start`` is asked just before the plan's own start of the engine, and says what forbids it, or "".
    """
    executor = Executor(run, record)
    executor.sweep(record)
    journal = run.journal()
    done = {entry.step for entry in journal if entry.state == "done"}
    begun = {entry.step: entry.before for entry in journal if entry.state == "intent"}
    # What may be done before its turn: never a step of the engine's stop and start, nor one that a crash left.
    free = [None if action.engine else step for action in record.actions for step in action.steps]
    free = [None if number in done or number in begun else step for number, step in enumerate(free)]
    number = 0
    for action in record.actions:
        first = number
        if action.engine and _starts(action) and first not in begun:
            forbidden = before_start()
            if forbidden:
                return forbidden
        progress(f"[{action.number}/{len(record.actions)}] {action.summary}")
        try:
            for step in action.steps:
                puts = group(free[number : number + MOST])
                if len(puts) > 1:
                    span = range(number, number + len(puts))
                    left = executor.do_together(number, puts)
                    begun.update(left or {})
                    done.update(() if left is not None else span)
                    free[number : span.stop] = [None] * len(puts)
                before = begun.get(number)
                if number in done:
                    pass
                elif before is not None:
                    executor.redo(number, step, before)
                else:
                    executor.do(number, step)
                number += 1
        except DoctorError as failure:
            results[action.number] = f"failed: {failure}"
            if not (record.undoes and action.engine and _starts(action)):
                return str(failure)
            # The old state may be one that no engine starts on: that is what was asked for.
            progress(f"the engine does not start on the old state: {failure}")
            number = first + len(action.steps)
        else:
            results[action.number] = "done"
    return ""


def _starts(action: ActionRecord) -> bool:
    """Whether it is the plan's own start of the engine, or of a containerd."""
    return any(isinstance(step, Command) and step.until in {"up", "listens"} for step in action.steps)
