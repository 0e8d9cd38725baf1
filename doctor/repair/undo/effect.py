"""The effect of an undo on a running engine: predicted before it begins, and examined when it has ended."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from doctor.facts.containers.containers import Containers
from doctor.facts.containers.stopped import stopping
from doctor.facts.engine.control import EngineControl
from doctor.facts.engine.state import EngineState
from doctor.facts.storage.driver import Storage
from doctor.host.base import Host
from doctor.host.overlay import OverlayHost
from doctor.model.errors import DoctorError
from doctor.model.finding import Finding
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath
from doctor.model.severity import Severity
from doctor.model.step import Attributes, File, Move, Put, Step
from doctor.model.step import Run as Command
from doctor.model.text import plural
from doctor.plugins.catalog import Catalog
from doctor.plugins.engines import first_engine
from doctor.repair.expected import containers as titles
from doctor.repair.expected import present
from doctor.repair.planning import obstacle
from doctor.repair.runs.record import ActionRecord, PlanRecord
from doctor.scan.resolve import Facts
from doctor.scan.run import Scan, scan

_NAMED = 8


def with_running(record: PlanRecord, host: Host) -> PlanRecord:
    """Return the plan of an undo with the running containers, if it stops an engine that answers."""
    if not host.is_live() or not _of_first(record):
        return record
    facts = Facts(host)
    control, state = facts.get(EngineControl), facts.get(EngineState)
    if not isinstance(control, EngineControl) or not isinstance(state, EngineState) or not state.is_running:
        return record
    containers = facts.get(Containers)
    running = control.stopping or stopping(() if isinstance(containers, Missing) else containers.items)
    return replace(record, engine_ran=True, ran=tuple(one.container for one in running))


def foreseen(record: PlanRecord, host: Host, catalog: Catalog, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the effect on the running engine and its containers, one line each; () if it continues to run.

    Judged like a plan's own start: the steps are applied to a prediction of the host, which is scanned.
    """
    if not record.engine_ran:
        return ()
    names = _named(one.name for one in record.ran)
    if not starts(record):
        with_it = f", and {names} with it" if names else ""
        return (f"the engine stops{with_it}: the engine did not run before the repair, so it is not started again",)
    ids = tuple(ids)
    try:
        before, after = scan(host, catalog, ids), scan(_predicted(record, host), catalog, ids)
    except (HostError, DoctorError) as error:
        return (f"unknown whether the engine starts with the restored state: {error}",)
    back = _returning(before, after)
    lines = tuple(_start(record, before, after, is_whole=not back))
    said = " ".join(lines)
    left = [found for found in back if found.message not in said]
    more = (f"{plural(len(left) - _NAMED, 'more finding')} will return",) if len(left) > _NAMED else ()
    return (*lines, *(f"{one.level.word} that will return: {one.message} ({one.id})" for one in left[:_NAMED]), *more)


def _start(record: PlanRecord, before: Scan, after: Scan, *, is_whole: bool) -> Iterator[str]:
    """Yield the effect on the engine's start and on containers; ``is_whole``: no returning problem can prevent their start."""
    control = before.facts.get(EngineControl)
    stopped = control.stopping if isinstance(control, EngineControl) else ()
    removed = {one.container.id: one.container.name for one in stopped if one.is_removed}
    if removed:
        yield f"{_named(removed.values())}: stopped and removed, because of --rm"
    running = {one.id: one.name for one in record.ran if one.id not in removed}
    # With live-restore containers continue to run without an engine.
    stops = bool(stopped)
    stuck = obstacle.of_start(after, frozenset(), was_running=True)
    if stuck is not None:
        # The command line of the init script is not that of an engine that was started by hand.
        is_by_hand = isinstance(control, EngineControl) and control.manager == "hand"
        settings = {found.message for found in after.findings if found.id.startswith("config/")}
        will = "may" if is_by_hand and stuck.why in settings else "will"
        how = "stopped, and not started again without it" if stops else "left running without it"
        down = f"; {_named(running.values())}: {how}" if running else ""
        yield f"the engine runs now, and {will} not start with the restored state: {stuck.why}{down}"
        return
    hidden = obstacle.of_hidden(before, after, frozenset())
    if hidden is not None:
        yield f"the engine is restarted, and {hidden.why}"
    unseen = _unseen(before, after)
    for word, names in (
        (
            "stopped, " * stops + "no longer shown by the engine",
            [name for one, name in running.items() if one in unseen],
        ),
        ("no longer shown by the engine", [name for one, name in unseen.items() if one not in running]),
        (
            "stopped with the engine, and started again"
            if is_whole
            else "stopped with the engine; the restored state may keep them from starting again",
            [name for one, name in running.items() if one not in unseen and stops],
        ),
    ):
        if names:
            yield f"{_named(names)}: {word}"


def _unseen(before: Scan, after: Scan) -> dict[str, str]:
    """Return id and name of the containers that the engine lists now, and not with the restored corruption or driver."""
    was, then = titles(present(before.facts)), titles(present(after.facts))
    now, new, containers = before.facts.get(Storage), after.facts.get(Storage), before.facts.get(Containers)
    gone = {identity: title for identity, title in was.items() if identity not in then}
    if isinstance(now, Missing) or isinstance(new, Missing) or isinstance(containers, Missing):
        return gone
    driver = new.configured or new.driver
    if driver and now.driver and driver != now.driver:
        gone.update({one.id: one.title for one in containers.items if one.driver == now.driver})
    return gone


def _returning(before: Scan, after: Scan) -> list[Finding]:
    """Return the relevant findings that will exist again after the undo."""
    known = {found.fingerprint for found in before.findings}
    return [found for found in after.findings if found.fingerprint not in known and found.level >= Severity.ERROR]


def _predicted(record: PlanRecord, host: Host) -> OverlayHost:
    overlay = OverlayHost(host)
    for action in record.actions:
        for step in action.steps:
            for one in _shown(step, overlay):
                overlay.apply(one)
    return overlay


def _shown(step: Step, overlay: OverlayHost) -> Iterator[Step]:
    """Yield a step of an undo for a prediction, with the content that the run keeps in files of its own."""
    match step:
        case Move(path=path, to=to, may_fail=may_fail):
            source = HostPath(path.removeprefix("host:"))
            if not may_fail or overlay.exists(source):
                yield Move(path=source, to=to.removeprefix("host:"))
        case Put(path=path, node=File(blob=blob), meta=meta) if blob:
            yield Move(path=blob, to=path)
            if meta is not None:
                yield Attributes(path=path, mode=meta.mode, uid=meta.uid, gid=meta.gid, mtime_ns=meta.mtime_ns)
        case _:
            yield step


def starts(record: PlanRecord) -> bool:
    """Whether an undo starts the engine."""
    steps = (step for action in _of_first(record) for step in action.steps)
    return any(isinstance(step, Command) and step.until == "up" for step in steps)


def _of_first(record: PlanRecord) -> tuple[ActionRecord, ...]:
    """Return the stop and start of the first engine: of another one, no consequence for containers is known."""
    first = first_engine().name
    return tuple(action for action in record.actions if action.engine == first)


def lost(record: PlanRecord, host: Host) -> tuple[str, ...]:
    """Return what ran before an undo and does not run after it, one sentence each: the engine, or containers.

    An engine that the repair had started, and that the undo therefore stops, does not count.
    """
    if not record.engine_ran or not starts(record):
        return ()
    engine = first_engine()
    control = Facts(host).get(EngineControl)
    socket = "" if isinstance(control, Missing) else control.socket
    left: tuple[str, ...] = ()
    if engine.answers(socket):
        left = engine.why_stopped(host, socket, {one.id: one.name for one in record.ran})
    # An engine may exit because of the restored state, shortly after its start.
    if not engine.answers(socket):
        down = f"; {_named(one.name for one in record.ran)}: not running either" if record.ran else ""
        return (f"the engine ran before this undo and does not run now{down}",)
    return tuple(f"{one}; it ran before this undo" for one in left)


def _named(names: Iterable[str]) -> str:
    found = list(names)
    if not found:
        return ""
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"container{'s' if len(found) > 1 else ''} {', '.join(found[:_NAMED])}{more}"
