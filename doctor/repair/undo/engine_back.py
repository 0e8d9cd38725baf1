"""The engine in an undo: stopped and started around it where that is needed, and what of it runs again afterwards."""

from doctor.facts.engine.control import EngineControl
from doctor.host.base import Host
from doctor.model.errors import RefusedError
from doctor.model.missing import Missing
from doctor.model.report import HalfDone
from doctor.model.step import Kernel, Netlink, Reload, Run, StartContainers, Step, touches
from doctor.repair.engine import launch, requests
from doctor.repair.runs.record import ActionRecord, PlanRecord
from doctor.repair.runs.record import Run as RunDirectory
from doctor.scan.resolve import Facts


def with_engine(
    run: RunDirectory, record: PlanRecord, actions: list[ActionRecord], host: Host, *, is_rollback: bool
) -> list[ActionRecord]:
    """Return the actions of an undo with the stop and start, or the reload, that they need.

    An engine that the run had not touched yet, and that holds nothing of what is written, goes on.
    """
    writes = _touch(actions, record.data_roots)
    if writes or engine_begun(run, record):
        before = _containers(record) if is_rollback else StartContainers(containers=())
        return _stopped(record, actions, host, before, writes=writes, starting=_is_starting(run, record))
    return [*actions, *_reload(record, host)]


def engine_begun(run: RunDirectory, record: PlanRecord) -> bool:
    """Whether the run began to stop or start the engine."""
    owner = [action.engine for action in record.actions for _ in action.steps]
    return any(owner[number] for number in run.journal().begun if number < len(owner))


def engine_left(run: RunDirectory, record: PlanRecord, host: Host) -> tuple[HalfDone, ...]:
    """Return what ran before a run that failed, and does not run after its rollback: the engine itself, or containers."""
    if not record.engine_was_running or not host.is_live() or not engine_begun(run, record):
        return ()
    number = next((action.number for action in record.actions if action.engine), 0)
    if not launch.answers(record.socket):
        left = {"the engine": ("it ran before the repair and does not answer now", _START)}
    else:
        left = {
            f"container {one.name}": ("it ran before the repair and does not run now", f"docker start {one.name}")
            for one in requests.not_running(record.socket, _containers(record))
        }
    return tuple(HalfDone(action=number, what=what, why=why, original="", do=do) for what, (why, do) in left.items())


_START = "read its log (journalctl -u docker, or where its output goes), repair what it names, and start it"


def _containers(record: PlanRecord) -> StartContainers:
    steps = [step for action in record.actions for step in action.steps if isinstance(step, StartContainers)]
    return steps[0] if steps else StartContainers(containers=())


def _reload(record: PlanRecord, host: Host) -> list[ActionRecord]:
    """Return the reload after which the running engine has its old settings again, where the run reloaded it."""
    if not any(isinstance(step, Reload) for action in record.actions for step in action.steps):
        return []
    control = Facts(host).get(EngineControl)
    steps = () if isinstance(control, Missing) else control.reload_steps()
    summary = "make the engine reload its settings"
    return [
        ActionRecord(number=0, summary=summary, risk=1, fixes=(), check_ids=(), diff="", steps=steps) for _ in steps[:1]
    ]


def _touch(actions: list[ActionRecord], tops: tuple[str, ...]) -> bool:
    return any(touches(step, tops) for action in actions for step in action.steps)


def _is_starting(run: RunDirectory, record: PlanRecord) -> bool:
    """Whether the run was interrupted while it started the engine: it may come up at any moment."""
    owner = [(action.engine, step) for action in record.actions for step in action.steps]
    journal = run.journal()
    done = journal.done
    begun = [owner[number] for number in journal.begun if number not in done]
    return any(engine and isinstance(step, Run) and step.until == "up" for engine, step in begun)


def _stopped(
    record: PlanRecord,
    actions: list[ActionRecord],
    host: Host,
    before: StartContainers,
    *,
    writes: bool,
    starting: bool,
) -> list[ActionRecord]:
    """Stop an engine that runs now; start it again afterwards if it ran before the repair."""
    if starting and host.is_live():
        launch.settle()
    control = Facts(host).get(EngineControl)
    if isinstance(control, Missing):
        if writes and host.is_live():
            raise RefusedError(f"unknown whether an engine holds the data root: {control.reason}")
        return actions
    service = bool(control.containerd) and _touch(actions, record.service_roots)
    stop = control.stop_steps(with_containerd=service)
    # A stopped engine does not tell how it was started; the run that stopped it knows.
    start = control.start_steps() if control.is_running else _recorded_start(record) or control.start_steps()
    start = _with_containers(start, before, record.socket) if record.engine_was_running else ()
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


def _with_containers(start: tuple[Step, ...], before: StartContainers, socket: str) -> tuple[Step, ...]:
    """Return a start that also starts what ran ``before`` the repair, and may not run now."""
    known = {one.id for one in before.containers}
    now = [one for step in start if isinstance(step, StartContainers) for one in step.containers if one.id not in known]
    rest = tuple(step for step in start if not isinstance(step, StartContainers))
    left = (*before.containers, *now)
    return (*rest, StartContainers(containers=left, socket=socket)) if rest and left else rest


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
