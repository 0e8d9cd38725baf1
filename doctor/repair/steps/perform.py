"""Executes the remaining steps of a recorded plan: for a repair, an undo, and both after a crash."""

import re
from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from doctor.api.actions.firewall.made_chains import STAYS
from doctor.model.errors import DoctorError
from doctor.model.step import Reload, Step
from doctor.model.step import Run as Command
from doctor.repair.runs.journal import Before
from doctor.repair.runs.record import ActionRecord, PlanRecord, RunDirectory
from doctor.repair.steps.execute import Executor
from doctor.repair.steps.together import MOST, group
from doctor.repair.steps.unchanged import is_done

_NOTHING_THERE = re.compile(r"matching rule exist|does(?:n't| not) exist|No such|not (?:found|loaded)", re.IGNORECASE)
"""Messages of iptables, nft, ip and systemctl if a reversal removes something missing, which the engine may have removed."""

_NO_REASON = re.compile(r"restore: line ([1-9][0-9]{0,5}) failed\s*$")
"""iptables-legacy-restore does not say why a line failed, if it does not find the rule."""

_IN_USE = re.compile(r"resource busy|in use", re.IGNORECASE)
"""Messages for a chain that the repair restored and that has new rules of the engine: an undo leaves it, a rollback reports it."""


def is_gone(step: Command, said: str) -> bool:
    """Whether a reversal failed only because what it removes does not exist, according to the command's message.

    For a rule in a missing chain iptables reports no chain, target or match, also for a rule that is to be restored.
    """
    if _NOTHING_THERE.search(said):
        return True
    lines = [line for line in step.stdin.splitlines() if line]
    asked = [line for line in lines if not line.startswith((b"*", b"COMMIT"))]
    if not asked or not all(line.startswith((b"-D ", b"-X ")) for line in asked):
        return False
    silent = _NO_REASON.search(said)
    if silent is None:
        return "target/match by that name" in said
    # That of -X fails also for a chain with rules, and that of COMMIT for other reasons.
    failed = lines[int(silent[1]) - 1 : int(silent[1])]
    return bool(failed) and failed[0].startswith(b"-D ")


class StepFailure(Struct, frozen=True):
    """A failed step of an undo: the number of the action it reverses, and the reason."""

    undoes: int
    step: Step
    why: str


class _Steps:
    """The steps of a record in order, and which of them are done or begun."""

    def __init__(self, run: RunDirectory, record: PlanRecord) -> None:
        self.executor = Executor(run, record)
        self.executor.sweep(record)
        journal = run.journal()
        self.over = journal.over
        self.begun: dict[int, Before] = journal.begun
        self._skips = bool(record.undoes)
        # Steps that may be executed earlier: not those of the engine's stop and start, nor one that a crash interrupted.
        free = [None if action.engine else step for action in record.actions for step in action.steps]
        self._free = [None if number in self.over or number in self.begun else step for number, step in enumerate(free)]

    def take(self, number: int, step: Step) -> None:
        """Execute a step, together with others that can share its syncs. Raises ``DoctorError``."""
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
            # One by one: a path with the wanted state is not written again.
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
    """Execute the remaining steps up to the first failure, and record each action's result by number; return the failure.

    ``before_start`` is called just before the plan's own start of the engine, and returns what forbids it, or "".
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
    """Execute all remaining steps of an undo, also after a failure; return the failures.

    The steps are independent: each restores one path, and keeps a node that is in its way. If the engine could not be stopped,
    the steps in its data root fail by themselves. ``before_start`` is called before a start of the engine, which writes
    its files again.
    """
    steps = _Steps(run, record)
    failures: list[StepFailure] = []
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
                    # The engine may be unable to start with the old state, which the user wanted.
                    progress(f"the engine does not start on the old state: {failure}")
                elif isinstance(step, Reload) and not record.is_rollback:
                    # It can't read the old settings if they were what the repair repaired.
                    progress(f"note: the engine keeps the settings of the repair until its next start: {failure}")
                elif isinstance(step, Command) and (
                    STAYS in str(failure) or (not record.is_rollback and _IN_USE.search(str(failure)))
                ):
                    progress(f"note: it is in use now, so it is kept: {failure}")
                elif isinstance(step, Command) and is_gone(step, str(failure)):
                    failures += _one_by_one(steps.executor, action, step)
                else:
                    failures.append(StepFailure(action.undoes, step, str(failure)))
                if action.engine:
                    break
            number += 1
        number = first + len(action.steps)
    return tuple(failures)


def _one_by_one(executor: Executor, action: ActionRecord, step: Command) -> Iterator[StepFailure]:
    """Remove the other rules of a command that removes several: one that is gone makes it fail as a whole."""
    for single in singles(step):
        try:
            executor.act(single)
        except DoctorError as failure:
            if not is_gone(single, str(failure)):
                yield StepFailure(action.undoes, single, str(failure))


def singles(step: Command) -> tuple[Command, ...]:
    """Return a command for each line of one that only removes rules and chains; () for a single line."""
    table, *lines = step.stdin.splitlines() or [b""]
    asked = [line for line in lines if line and line != b"COMMIT"]
    if len(asked) < 2 or not table.startswith(b"*") or not all(line.startswith((b"-D ", b"-X ")) for line in asked):
        return ()
    return tuple(replace(step, stdin=b"\n".join((table, line, b"COMMIT", b""))) for line in asked)


def _starts(action: ActionRecord) -> bool:
    """Whether it is the plan's own start of the engine, or of a containerd."""
    return bool(action.engine) and any(
        isinstance(step, Command) and step.until in {"up", "listens"} for step in action.steps
    )
