"""The engines in an undo: stops and starts each if needed, and finds what does not run again afterwards."""

from doctor.api.engine import Engine
from doctor.facts.engine.control import EngineControl
from doctor.host.base import Host
from doctor.model.errors import RefusedError
from doctor.model.missing import Missing
from doctor.model.report import HalfDone
from doctor.model.step import KernelValue, Netlink, Reload, Run, StartContainers, Step, touches
from doctor.plugins.engines import engine as named
from doctor.plugins.engines import engine_of, engines, first_engine
from doctor.repair.engine import launch
from doctor.repair.runs.record import ActionRecord, PlanRecord, RunDirectory
from doctor.scan.resolve import Facts


def with_engine(
    run: RunDirectory, record: PlanRecord, actions: list[ActionRecord], host: Host, *, is_rollback: bool
) -> list[ActionRecord]:
    """Return the actions of an undo with the stops and starts, or the reload, that they need.

    An engine that the run has not stopped or started yet, and that does not hold the written paths, continues to run.
    """
    facts = Facts(host)
    found: list[ActionRecord] = []
    first: list[ActionRecord] = []
    last: list[ActionRecord] = []
    is_stopped = False
    for engine in engines():
        writes = _touch(actions, record.stopped_for(engine.name)) if _has_roots(engine, record) else False
        if writes or engine_begun(run, record, engine.name):
            before = _containers(record, engine.name) if is_rollback else StartContainers(containers=())
            if _is_starting(run, record, engine.name) and host.is_live():
                launch.settle(engine)
                facts = Facts(host)
            around = _around(engine, record, actions, facts, before, writes=writes)
            if around is not None:
                is_stopped = True
                first += around[0]
                last = [*around[1], *last]
        else:
            found += _reload(engine, record, facts)
    # A starting engine turns forwarding on and writes its rules: changes of the kernel are undone after it.
    running = [
        action for action in actions if all(isinstance(step, KernelValue | Netlink | Run) for step in action.steps)
    ]
    if not is_stopped:
        return [*actions, *found]
    return [*first, *(action for action in actions if action not in running), *last, *running, *found]


def _has_roots(engine: Engine, record: PlanRecord) -> bool:
    """Whether the run has data roots of this engine: those not in ``apart`` belong to the first one."""
    return engine.name in record.apart or engine is first_engine()


def engine_begun(run: RunDirectory, record: PlanRecord, engine: str) -> bool:
    """Whether the run began to stop or start this engine."""
    owner = [action.engine for action in record.actions for _ in action.steps]
    return any(owner[number] == engine for number in run.journal().begun if number < len(owner))


def engine_left(run: RunDirectory, record: PlanRecord, host: Host) -> tuple[HalfDone, ...]:
    """Return what ran before a failed run, and does not run after its rollback: an engine, or containers."""
    if not host.is_live():
        return ()
    return tuple(
        one for name in record.running if engine_begun(run, record, name) for one in _left_of(named(name), record)
    )


def _left_of(engine: Engine, record: PlanRecord) -> tuple[HalfDone, ...]:
    number = next((action.number for action in record.actions if action.engine == engine.name), 0)
    socket = record.socket_of(engine.name)
    if not engine.answers(socket):
        do = f"{engine.log}, resolve the error, and start it"
        left = {engine.noun: ("it ran before the repair and does not answer now", do)}
    else:
        step = _containers(record, engine.name)
        left = {
            f"container {one.name}": (
                "it ran before the repair and does not run now",
                engine.start_command(one.name),
            )
            for one in engine.not_running(StartContainers(containers=step.containers, socket=socket))
        }
    return tuple(HalfDone(action=number, what=what, why=why, original="", do=do) for what, (why, do) in left.items())


def _containers(record: PlanRecord, engine: str) -> StartContainers:
    steps = [step for action in record.actions for step in action.steps if isinstance(step, StartContainers)]
    return next((step for step in steps if engine_of(step).name == engine), StartContainers(containers=()))


def _reload(engine: Engine, record: PlanRecord, facts: Facts) -> list[ActionRecord]:
    """Return the reload that applies the old settings to the running engine, if the run reloaded it."""
    asked = [step for action in record.actions for step in action.steps if isinstance(step, Reload)]
    if not any(engine_of(step) is engine for step in asked):
        return []
    control = engine.control(facts.get)
    steps = control.reload_steps() if isinstance(control, EngineControl) else ()
    summary = "make the engine reload its settings"
    return [
        ActionRecord(number=0, summary=summary, risk=1, fixes=(), check_ids=(), diff="", steps=steps) for _ in steps[:1]
    ]


def _touch(actions: list[ActionRecord], tops: tuple[str, ...]) -> bool:
    return any(touches(step, tops) for action in actions for step in action.steps)


def _is_starting(run: RunDirectory, record: PlanRecord, engine: str) -> bool:
    """Whether the run was interrupted while it started the engine, which may come up at any time."""
    owner = [(action.engine, step) for action in record.actions for step in action.steps]
    journal = run.journal()
    done = journal.done
    begun = [owner[number] for number in journal.begun if number not in done]
    return any(name == engine and isinstance(step, Run) and step.until == "up" for name, step in begun)


def _around(
    engine: Engine,
    record: PlanRecord,
    actions: list[ActionRecord],
    facts: Facts,
    before: StartContainers,
    *,
    writes: bool,
) -> tuple[list[ActionRecord], list[ActionRecord]] | None:
    """Return the stop of a running engine, and its start afterwards if it ran before the repair; ``None`` if unknown."""
    control = engine.control(facts.get)
    if control is None:
        return None
    if isinstance(control, Missing):
        if writes and facts.host.is_live():
            raise RefusedError(f"unknown whether an engine holds the data root: {control.reason}")
        return None
    ran = engine.name in record.running
    service = bool(control.containerd) and _touch(actions, record.service_roots)
    stop = control.stop_steps(with_containerd=service)
    # How it was started is unknown once it is stopped; the run that stopped it has recorded it.
    start = control.start_steps() if control.is_running else _recorded_start(record, engine) or control.start_steps()
    start = _with_containers(start, before, record.socket_of(engine.name)) if ran else ()
    manual = (control.manual if ran else "") or (control.containerd_manual if service else "")
    if stop and manual:
        raise RefusedError(f"{engine.noun} must be stopped for it, and doctor can't start it again", do=manual)
    if service:
        start = (*control.start_containerd_steps(), *(step for step in start if not _is_containerd(step)))
    first = [_engine(engine, f"stop {engine.noun}", stop)] if stop else []
    last = [_engine(engine, f"start {engine.noun}", start)] if start else []
    return first, last


def _with_containers(start: tuple[Step, ...], before: StartContainers, socket: str) -> tuple[Step, ...]:
    """Return a start that also starts the containers that ran ``before`` the repair and may not run now."""
    known = {one.id for one in before.containers}
    again = [step for step in start if isinstance(step, StartContainers)]
    now = [one for step in again for one in step.containers if one.id not in known]
    rest = tuple(step for step in start if not isinstance(step, StartContainers))
    left = (*before.containers, *now)
    engine = next((step.engine for step in (before, *again) if step.engine), "")
    return (*rest, StartContainers(containers=left, engine=engine, socket=socket)) if rest and left else rest


def _is_containerd(step: Step) -> bool:
    return isinstance(step, Run) and step.until == "listens"


def _recorded_start(record: PlanRecord, engine: Engine) -> tuple[Step, ...]:
    """Return the recorded start of the engine: for one that was started by hand, it is the only source."""
    for action in record.actions:
        if action.engine == engine.name and any(isinstance(step, Run) and step.until == "up" for step in action.steps):
            return action.steps
    return ()


def _engine(engine: Engine, summary: str, steps: tuple[Step, ...]) -> ActionRecord:
    return ActionRecord(
        number=0, summary=summary, risk=2, fixes=(), check_ids=(), diff="", steps=steps, engine=engine.name
    )
