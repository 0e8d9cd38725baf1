"""``doctor undo``: undo a repair."""

import os
import sys
import time
from collections.abc import Callable

from doctor.cli import unseen
from doctor.cli.common import SharedOptions, asked, is_terminal, load_catalog, load_settings, open_host, use_engines
from doctor.cli.repair_lock import at_work, warn_aside
from doctor.cli.spelled import as_root, command
from doctor.facts.secrets.redact import redact
from doctor.host.base import Host
from doctor.model.errors import RefusedError
from doctor.model.exit_code import ExitCode
from doctor.model.text import plural, visible
from doctor.repair.runs.found import find_run, survey, unfinished
from doctor.repair.runs.record import PlanRecord, RunDirectory
from doctor.repair.undo import undo as back
from doctor.repair.undo.boots import ended
from doctor.repair.undo.effect import foreseen, lost
from doctor.state.paths import runs_dir


def run(name: str, *, list_runs: bool, yes: bool, force: bool, shared: SharedOptions) -> int:
    """List the repairs, or undo one; return the exit code."""
    if list_runs:
        return _list(is_blind=unseen.warn("repairs", shared))
    if not os.path.isdir(runs_dir()):
        unseen.refuse("repairs")
        raise RefusedError("no repair to undo")
    unseen.warn("repairs", shared)
    with at_work(shared):
        warn_aside(shared)
        left = unfinished()
        if left is not None and left.plan.undoes:
            undoes = left.plan.undoes
            if name and find_run(name).name not in {left.run.name, undoes}:
                raise RefusedError(f"the undo of repair {undoes} is unfinished", do="'doctor undo' finishes it first")
            return _go_on(left.run, shared)
        chosen = back.choose(name)
        begun = back.begun(chosen)
        return _go_on(begun, shared) if begun is not None else _undo(chosen, yes=yes, force=force, shared=shared)


def _go_on(left: RunDirectory, shared: SharedOptions) -> int:
    host = _host(left, shared)
    undone = back.resume(left, host, progress=shared.progress)
    return _ended(undone, shared, ": the interrupted undo is finished", lost(left.plan(), host))


def _ended(undone: back.Undone, shared: SharedOptions, how: str, stopped: tuple[str, ...]) -> int:
    """Report the result of an undo and return the exit code. Each place that it could not restore is named, with the next command.

    ``stopped`` is what ran before it and does not run now.
    """
    if undone.half_done:
        print(
            visible(
                f"repair {undone.repair} is only partly undone: {plural(len(undone.half_done), 'place')} could not be restored"
            ),
            file=sys.stderr,
        )
        for one in undone.half_done:
            print(visible(f"  {one.what}: {one.why}"), file=sys.stderr)
            if one.original:
                print(visible(f"    before the repair: {one.original}"), file=sys.stderr)
            print(visible(f"    next: {one.do}"), file=sys.stderr)
    elif not shared.quiet:
        print(f"repair {undone.repair} is undone{how}")
    for sentence in stopped:
        print(visible(sentence), file=sys.stderr)
    if undone.half_done:
        return ExitCode.HALF_DONE
    if stopped:
        print(visible(f"'{command('undo', undone.run)}' restores the repair"), file=sys.stderr)
    return ExitCode.FOUND if stopped else ExitCode.OK


def _host(chosen: RunDirectory, shared: SharedOptions) -> Host:
    root = chosen.plan().root
    use_engines(shared)
    host = open_host("" if root == "/" else root)
    if host.is_live() and os.geteuid() != 0:
        raise RefusedError("undoing a repair needs root", do=f"run '{as_root()}'")
    return host


def _undo(chosen: RunDirectory, *, yes: bool, force: bool, shared: SharedOptions) -> int:
    host = _host(chosen, shared)
    backwards = back.prepare(chosen, host, force=force)
    over = ended(chosen.plan())
    for summary in over:
        shared.progress(
            f"note: the host was restarted since, which ended this change of rules, routes or settings: {summary}"
        )
    if not backwards.actions:
        chosen.finish("undone")
        shared.progress(f"repair {chosen.name} {'is over' if over else 'changed nothing'}; there is nothing to undo")
        return 0
    effect = _effect(backwards, host)
    if yes:
        for line in effect:
            shared.progress(f"note: {line}")
    else:
        _ask(chosen, backwards, effect)
    undone = back.undo(chosen, backwards, progress=shared.progress if yes else _without_steps(shared))
    return _ended(undone, shared, f" (run {undone.run})", lost(backwards, host))


def _without_steps(shared: SharedOptions) -> Callable[[str], None]:
    """Return a progress function that leaves out the steps: the question has listed them already."""
    return lambda text: None if text.startswith("[") else shared.progress(text)


def _effect(backwards: PlanRecord, host: Host) -> tuple[str, ...]:
    """Return the consequences for a running engine and its containers; invalid settings or plugins don't stop an undo."""
    if not backwards.engine_ran:
        return ()
    try:
        settings = load_settings()
        catalog, skip = load_catalog(settings), settings.skip
    except Exception:  # noqa: BLE001 - boundary 2 of 3: use_engines has named the plugin that can't be loaded
        from doctor.plugins.load import load

        catalog, skip = load(()), ()
    return foreseen(backwards, host, catalog, catalog.choose((), skip))


def _ask(chosen: RunDirectory, backwards: PlanRecord, effect: tuple[str, ...]) -> None:
    """Show the steps of the undo and their consequences, and ask."""
    for action in backwards.actions:
        print(visible(f"{action.number:>3}. {action.summary}"))
    for line in effect:
        print(visible(redact(f"  !  {line}")))
    if not is_terminal(sys.stdin):
        raise RefusedError("can't ask for confirmation: standard input is not a terminal", do="add --yes")
    if not asked(f"Undo repair {chosen.name}? [y/N] "):
        raise RefusedError("nothing was undone: you answered no")


def _list(*, is_blind: bool) -> int:
    known, aside = survey()
    if not known and not aside and not is_blind:
        print("no repairs recorded")
    for one in known:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.plan.started))
        what = f"undoes {one.plan.undoes}" if one.plan.undoes else plural(len(one.plan.actions), "action")
        result = (one.result or "unfinished").partition(":")[0]
        what += ", purged" if one.run.journal().purged else ""
        print(visible(f"{one.run.name:<20} {when}  {result:<12} {what:<14} {one.plan.root}"))
    for other in aside:
        print(visible(f"{other.run.name:<20} {'':16}  {'skipped':<12} {other.why}"))
    return ExitCode.INCOMPLETE if is_blind else ExitCode.OK
