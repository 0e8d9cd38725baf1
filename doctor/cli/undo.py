"""``doctor undo``: take a repair back."""

import os
import sys
import time
from collections.abc import Callable

from doctor.cli import unseen
from doctor.cli.common import Shared, asked, is_terminal, open_host
from doctor.cli.spelled import as_root
from doctor.cli.work import at_work
from doctor.host.base import Host
from doctor.model.errors import RefusedError
from doctor.model.exit_code import ExitCode
from doctor.model.text import visible
from doctor.repair import undo as back
from doctor.repair.record import PlanRecord, Run, all_runs, unfinished
from doctor.state.paths import runs_dir


def run(name: str, *, list_runs: bool, yes: bool, force: bool, shared: Shared) -> int:
    """List the repairs, or take one back; return the exit code."""
    if list_runs:
        return _list(is_blind=unseen.tell("repairs", shared))
    if not os.path.isdir(runs_dir()):
        unseen.refuse("repairs")
        raise RefusedError("there is no repair to take back")
    unseen.tell("repairs", shared)
    with at_work(shared):
        left = unfinished()
        if left is not None and left.plan().undoes:
            if name not in {"", left.name, left.plan().undoes}:
                raise RefusedError(
                    f"the undo of repair {left.plan().undoes} is unfinished", do="'doctor undo' finishes it first"
                )
            return _go_on(left, shared)
        chosen = back.choose(name)
        begun = back.begun(chosen)
        return _go_on(begun, shared) if begun is not None else _take_back(chosen, yes=yes, force=force, shared=shared)


def _go_on(left: Run, shared: Shared) -> int:
    undone = back.resume(left, _host(left), progress=shared.progress)
    if not shared.quiet:
        print(f"repair {undone} is taken back: the undo that was interrupted is finished")
    return 0


def _host(chosen: Run) -> Host:
    root = chosen.plan().root
    host = open_host("" if root == "/" else root)
    if host.is_live() and os.geteuid() != 0:
        raise RefusedError("taking a repair back needs root", do=f"run '{as_root()}'")
    return host


def _take_back(chosen: Run, *, yes: bool, force: bool, shared: Shared) -> int:
    host = _host(chosen)
    backwards = back.prepare(chosen, host)
    if not backwards.actions:
        chosen.finish("undone")
        shared.progress(f"repair {chosen.name} changed nothing; there is nothing to take back")
        return 0
    changed = back.changed_since(chosen)
    if changed and not force:
        raise RefusedError(
            f"{visible(', '.join(changed))} was changed after the repair, and taking the repair back would lose that",
            do=f"save your change, then run 'doctor undo {chosen.name} --force'",
        )
    _ask(chosen, backwards, yes=yes)
    undone = back.undo(chosen, backwards, host, progress=shared.progress if yes else _without_steps(shared))
    if not shared.quiet:
        print(f"repair {chosen.name} is taken back (run {undone})")
    return 0


def _without_steps(shared: Shared) -> Callable[[str], None]:
    """Return what tells of progress, but not of the steps: who was asked has their list above."""
    return lambda text: None if text.startswith("[") else shared.progress(text)


def _ask(chosen: Run, backwards: PlanRecord, *, yes: bool) -> None:
    """Show what would be taken back, and ask."""
    if yes:
        return
    for action in backwards.actions:
        print(visible(f"{action.number:>3}. {action.summary}"))
    if not is_terminal(sys.stdin):
        raise RefusedError("there is nobody to ask whether to take the repair back", do="add --yes")
    if not asked(f"Take repair {chosen.name} back? [y/N] "):
        raise RefusedError("not taken back")


def _list(*, is_blind: bool) -> int:
    rows = [(run, run.plan()) for run in all_runs()]
    if not rows and not is_blind:
        print("there were no repairs")
    for entry, plan in rows:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(plan.started))
        what = f"takes back {plan.undoes}" if plan.undoes else f"{len(plan.actions)} actions"
        result = (entry.result or "unfinished").partition(":")[0]
        print(visible(f"{entry.name:<18} {when}  {result:<12} {what:<14} {plan.root}"))
    return ExitCode.INCOMPLETE if is_blind else ExitCode.OK
