"""``doctor undo``: take a repair back."""

import os
import sys
import time

from doctor.cli.common import Shared, open_host
from doctor.model.errors import RefusedError
from doctor.model.text import visible
from doctor.repair import undo as back
from doctor.repair.record import Run, all_runs, unfinished


def run(name: str, *, list_runs: bool, yes: bool, shared: Shared) -> int:
    """List the repairs, or take one back; return the exit code."""
    if list_runs:
        return _list()
    left = unfinished()
    if left is not None and left.plan().undoes:
        undone = back.resume(left, progress=shared.progress)
        print(f"repair {undone} is taken back: the undo that was interrupted is finished")
        return 0
    chosen = back.choose(name)
    record = chosen.plan()
    host = open_host("" if record.root == "/" else record.root)
    if host.is_live() and os.geteuid() != 0:
        raise RefusedError("taking a repair back needs root", do="run 'sudo doctor undo'")
    backwards = back.prepare(chosen, host)
    if not backwards.actions:
        chosen.finish("undone")
        shared.progress(f"repair {chosen.name} changed nothing; there is nothing to take back")
        return 0
    for action in backwards.actions:
        print(visible(f"{action.number:>3}. {action.summary}"))
    _ask(chosen, yes=yes)
    undone = back.undo(chosen, backwards, host, progress=shared.progress)
    if not shared.quiet:
        print(f"repair {chosen.name} is taken back (run {undone})")
    return 0


def _ask(chosen: Run, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise RefusedError("there is nobody to ask whether to take the repair back", do="add --yes")
    if input(f"Take repair {chosen.name} back? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise RefusedError("not taken back")


def _list() -> int:
    rows = [(run, run.plan()) for run in all_runs()]
    if not rows:
        print("there were no repairs")
    for entry, plan in rows:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(plan.started))
        what = f"takes back {plan.undoes}" if plan.undoes else f"{len(plan.actions)} actions"
        print(visible(f"{entry.name:<18} {when}  {entry.result or 'unfinished':<12} {what:<14} {plan.root}"))
    return 0
