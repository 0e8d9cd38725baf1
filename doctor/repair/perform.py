"""Do the steps of a recorded plan that are not done yet: the same for a repair, an undo, and what a crash left of them."""

from collections.abc import Callable

from doctor.model.errors import DoctorError
from doctor.repair.execute import Executor
from doctor.repair.record import PlanRecord, Run


def perform(run: Run, record: PlanRecord, results: dict[int, str], progress: Callable[[str], None]) -> str:
    """Do every step that is not done yet and note each action's result by number; return what failed, or ""."""
    executor = Executor(run, record.root, record.data_roots)
    executor.sweep(record)
    journal = run.journal()
    done = {entry.step for entry in journal if entry.state == "done"}
    begun = {entry.step: entry.before for entry in journal if entry.state == "intent"}
    number = 0
    for action in record.actions:
        progress(f"[{action.number}/{len(record.actions)}] {action.summary}")
        try:
            for step in action.steps:
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
            return str(failure)
        results[action.number] = "done"
    return ""
