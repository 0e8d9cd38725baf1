"""Take a repair back: every byte, mode, owner and xattr. An undo is a run like any other, so it can be undone too."""

import time
from collections.abc import Callable

import msgspec

from doctor import __version__
from doctor.facts.engine_control import EngineControl
from doctor.host.base import Host
from doctor.model.errors import RefusedError, RepairError
from doctor.model.missing import Missing
from doctor.model.paths import is_beneath
from doctor.model.step import File, Kernel, Netlink, Put, Run, Step
from doctor.repair import launch
from doctor.repair.again import engine_aside
from doctor.repair.execute import Executor, inverse
from doctor.repair.holders import refuse_held
from doctor.repair.nodes import Tree
from doctor.repair.perform import perform
from doctor.repair.record import ActionRecord, PlanRecord, all_runs, find_run, new_name
from doctor.repair.record import Run as RunDirectory
from doctor.scan.resolve import Facts


def choose(name: str) -> RunDirectory:
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


def backwards(run: RunDirectory, record: PlanRecord) -> list[ActionRecord]:
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


def prepare(run: RunDirectory, host: Host) -> PlanRecord:
    """Return the plan of an undo, with the engine's stop and start where it needs them; raises ``RefusedError``."""
    record = run.plan()
    Executor(run, record).sweep(record)
    actions = backwards(run, record)
    touches = _touch(actions, record.data_roots)
    if touches or any(action.engine for action in record.actions):
        actions = _with_engine(record, actions, host, touches=touches, starting=_is_starting(run, record))
    return PlanRecord(
        run=new_name(time.time()),
        doctor=__version__,
        started=time.time(),
        root=record.root,
        actions=tuple(msgspec.structs.replace(action, number=number) for number, action in enumerate(actions, 1)),
        engine_was_running=record.engine_was_running,
        data_roots=record.data_roots,
        service_roots=record.service_roots,
        undoes=run.name,
    )


def _touch(actions: list[ActionRecord], tops: tuple[str, ...]) -> bool:
    return any(
        is_beneath(getattr(step, "path", ""), top) for action in actions for step in action.steps for top in tops
    )


def _is_starting(run: RunDirectory, record: PlanRecord) -> bool:
    """Whether the run was interrupted while it started the engine: it may come up at any moment."""
    owner = [(action.engine, step) for action in record.actions for step in action.steps]
    journal = run.journal()
    done = {entry.step for entry in journal if entry.state == "done"}
    begun = [owner[entry.step] for entry in journal if entry.state == "intent" and entry.step not in done]
    return any(engine and isinstance(step, Run) and step.until == "up" for engine, step in begun)


def _with_engine(
    record: PlanRecord, actions: list[ActionRecord], host: Host, *, touches: bool, starting: bool
) -> list[ActionRecord]:
    """Stop an engine that runs now; start it again afterwards if it ran before the repair."""
    if starting and host.is_live():
        launch.settle()
    control = Facts(host).get(EngineControl)
    if isinstance(control, Missing):
        if touches and host.is_live():
            raise RefusedError(f"can't tell whether an engine holds the data root: {control.reason}")
        return actions
    service = bool(control.containerd) and _touch(actions, record.service_roots)
    stop = control.stop_steps(with_containerd=service)
    # A stopped engine does not tell how it was started; the run that stopped it knows.
    start = control.start_steps() if control.is_running else _recorded_start(record) or control.start_steps()
    start = start if record.engine_was_running else ()
    manual = (control.manual if record.engine_was_running else "") or (control.containerd_manual if service else "")
    if stop and manual:
        raise RefusedError("the engine must be stopped for it, and doctor can't start it again", do=manual)
    if service:
        start = (*control.start_containerd_steps(), *(step for step in start if not _is_containerd(step)))
    first = [_engine("stop the engine", stop)] if stop else []
    last = [_engine("start the engine", start)] if start else []
    # An engine that starts turns forwarding on and writes its rules: what is taken back in the kernel comes after it.
    running = [action for action in actions if all(isinstance(step, Kernel | Netlink | Run) for step in action.steps)]
    return [*first, *(action for action in actions if action not in running), *last, *running]


def _is_containerd(step: Step) -> bool:
    return isinstance(step, Run) and step.until == "listens"


def _recorded_start(record: PlanRecord) -> tuple[Step, ...]:
    """Return how the run would have started the engine again: of one that somebody started by hand, nothing else tells."""
    for action in record.actions:
        if action.engine and any(isinstance(step, Run) and step.until == "up" for step in action.steps):
            return action.steps
    return ()


def _engine(summary: str, steps: tuple[Step, ...]) -> ActionRecord:
    return ActionRecord(number=0, summary=summary, risk=2, fixes=(), check_ids=(), diff="", steps=steps, engine=True)


def undo(run: RunDirectory, record: PlanRecord, host: Host, *, progress: Callable[[str], None]) -> str:
    """Carry a prepared undo out and return its run's id; the caller is alone. Raises ``RepairError`` when a step fails."""
    del host
    refuse_held(record)
    taken = RunDirectory.create(record)
    run.free_reserve()
    carry_out(taken, record, progress=progress)
    return taken.name


def resume(left: RunDirectory, host: Host, *, progress: Callable[[str], None]) -> str:
    """Finish an undo that was interrupted or stopped and return the name of the run it takes back; the caller is alone.

    It must go on where it stood: done from the start again, it would move what it has restored out of the way.
    """
    record = left.plan()
    with engine_aside(left, record, host, progress):
        carry_out(left, record, progress=progress)
    return record.undoes


def _mark(run: RunDirectory) -> None:
    """Mark a run as undone; a repair whose undo is undone is applied again."""
    run.finish("undone")
    again = run.plan().undoes
    if again:
        find_run(again).finish("applied")


def begun(run: RunDirectory) -> RunDirectory | None:
    """Return the undo of a run that stopped on its way, or ``None``: the next one goes on there."""
    undos = [other for other in all_runs() if other.plan().undoes == run.name]
    return undos[-1] if undos and undos[-1].result not in {"applied", "undone"} else None


def changed_since(run: RunDirectory) -> tuple[str, ...]:
    """Return the files that a run wrote and somebody changed afterwards: taking it back would lose that.

    What the engine keeps in its data root it changes itself; that does not count.
    """
    record = run.plan()
    steps = [step for action in record.actions for step in action.steps]
    done = {entry.step for entry in run.journal() if entry.state == "done"}
    written = {
        step.path: step.node.content
        for number, step in enumerate(steps)
        if number in done and isinstance(step, Put) and isinstance(step.node, File) and not step.node.blob
    }
    tree = Tree(record.root)
    return tuple(
        path
        for path, content in written.items()
        if not any(is_beneath(path, top) for top in record.data_roots) and not tree.holds(path, content)
    )


def carry_out(taken: RunDirectory, record: PlanRecord, *, progress: Callable[[str], None]) -> None:
    """Do the steps of an undo that are not done yet, and mark the run it takes back; the caller holds the lock.

    Raises ``RepairError``.
    """
    results: dict[int, str] = {}
    error = perform(taken, record, results, progress)
    if error:
        taken.finish(f"stopped: {error}")
        raise RepairError(
            f"taking run {record.undoes} back stopped: {error}", where=taken.path, do="mend that, then undo again"
        )
    # In this order: killed in between, the undo is the unfinished one, and nobody takes the run back twice.
    _mark(find_run(record.undoes))
    taken.finish("applied")
