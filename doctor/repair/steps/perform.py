"""Do the steps of a recorded plan that are not done yet: the same for a repair, an undo, and what a crash left of them."""

import re
from collections.abc import Callable

from msgspec import Struct

from doctor.api.actions.made_chains import STAYS
from doctor.model.errors import DoctorError
from doctor.model.step import Run as Command
from doctor.model.step import Step
from doctor.repair.runs.journal import Before
from doctor.repair.runs.record import ActionRecord, PlanRecord, RunDirectory
from doctor.repair.steps.compare import is_done
from doctor.repair.steps.execute import Executor
from doctor.repair.steps.together import MOST, group

_NOTHING_THERE = re.compile(r"matching rule exist|does(?:n't| not) exist|No such|not (?:found|loaded)", re.IGNORECASE)
"""How iptables, nft, ip and systemctl say that what a reversal removes is gone already: the engine's start may have done it."""


_IN_USE = re.compile(r"resource busy|in use", re.IGNORECASE)
"""A chain that the repair brought back, and in which the engine has put rules since: an undo leaves it, a rollback says so."""


def is_gone(step: Command, said: str) -> bool:
    """Whether a reversal failed because what it removes is gone already, by what the command said.

    Of a rule whose chain is gone iptables says that there is no chain, target or match: so does it of one to be put back.
    """
    if _NOTHING_THERE.search(said):
        return True
    lines = [line for line in step.stdin.splitlines() if line and not line.startswith((b"*", b"COMMIT"))]
    removes = bool(lines) and all(line.startswith((b"-D ", b"-X ")) for line in lines)
    return removes and "target/match by that name" in said


class StepFailure(Struct, frozen=True):
    """A step of an undo that could not be done: the number of the action it takes back, and why."""

    undoes: int
    step: Step
    why: str


class _Steps:
    """The steps of a record in their order, and which of them are over or begun."""

    def __init__(self, run: RunDirectory, record: PlanRecord) -> None:
        self.executor = Executor(run, record)
        self.executor.sweep(record)
        journal = run.journal()
        self.over = journal.over
        self.begun: dict[int, Before] = journal.begun
        self._skips = bool(record.undoes)
        # What may be done before its turn: never a step of the engine's stop and start, nor one that a crash left.
        free = [None if action.engine else step for action in record.actions for step in action.steps]
        self._free = [None if number in self.over or number in self.begun else step for number, step in enumerate(free)]

    def take(self, number: int, step: Step) -> None:
        """Do a step, and with it others that may share its syncs. Raises ``DoctorError``."""
        self._together(number)
        if number in self.over:
            return
        before = self.begun.get(number)
        if before is not None:
            self.executor.redo(number, step, before)
        elif self._skips and is_done(self.executor.tree, step):
            self.executor.skip(number)
        else:
            self.executor.do(number, step)

    def _together(self, number: int) -> None:
        puts = group(self._free[number : number + MOST])
        if len(puts) < 2:
            return
        span = range(number, number + len(puts))
        self._free[number : span.stop] = [None] * len(puts)
        if self._skips and any(is_done(self.executor.tree, step) for step in puts):
            # One by one: what is as it was is not written again.
            return
        left = self.executor.do_together(number, puts)
        self.begun.update(left or {})
        self.over.update(() if left is not None else span)


def perform(
    run: RunDirectory,
    record: PlanRecord,
    results: dict[int, str],
    progress: Callable[[str], None],
    *,
    before_start: Callable[[], str] = lambda: "",
) -> str:
    """Do every step that is not done yet, up to the first that fails, and note each action's result by number; return what failed.

    ``before_start`` is asked just before the plan's own start of the engine, and says what forbids it, or "".
    """
    steps = _Steps(run, record)
    number = 0
    for action in record.actions:
        if action.engine and _starts(action) and number not in steps.begun:
            forbidden = before_start()
            if forbidden:
                return forbidden
        progress(f"[{action.number}/{len(record.actions)}] {action.summary}")
        try:
            for step in action.steps:
                steps.take(number, step)
                number += 1
        except DoctorError as failure:
            results[action.number] = f"failed: {failure}"
            return str(failure)
        results[action.number] = "done"
    return ""


def perform_back(
    run: RunDirectory,
    record: PlanRecord,
    progress: Callable[[str], None],
    before_start: Callable[[], None] = lambda: None,
) -> tuple[StepFailure, ...]:
    """Do every step of an undo that is not done yet, those after one that fails too; return what failed.

    Each step is for itself: it restores one place, and what stands in its way is kept. Where the engine could not be stopped,
    the steps in its data root find that out themselves. ``before_start`` is called before a start of the engine, which writes
    its files again.
    """
    steps = _Steps(run, record)
    failures = []
    number = 0
    for action in record.actions:
        if _starts(action) and number not in steps.begun:
            before_start()
        progress(f"[{action.number}/{len(record.actions)}] {action.summary}")
        first = number
        for step in action.steps:
            try:
                steps.take(number, step)
            except DoctorError as failure:
                if _starts(action) and not record.is_rollback:
                    # The old state may be one that no engine starts on: that is what was asked for.
                    progress(f"the engine does not start on the old state: {failure}")
                elif isinstance(step, Command) and (
                    STAYS in str(failure) or (not record.is_rollback and _IN_USE.search(str(failure)))
                ):
                    progress(f"note: something else uses it since, so it stays: {failure}")
                elif not (isinstance(step, Command) and is_gone(step, str(failure))):
                    failures.append(StepFailure(action.undoes, step, str(failure)))
                if action.engine:
                    break
            number += 1
        number = first + len(action.steps)
    return tuple(failures)


def _starts(action: ActionRecord) -> bool:
    """Whether it is the plan's own start of the engine, or of a containerd."""
    return bool(action.engine) and any(
        isinstance(step, Command) and step.until in {"up", "listens"} for step in action.steps
    )
