"""Examines containers that restart again and again. Costs nothing without one: the states on disk show which may."""

from doctor.facts.containers.containers import Container, Containers, ContainerState
from doctor.facts.containers.loops import FEW, WINDOW_S, Ends, RestartLoops, gave_up, may_loop, waits
from doctor.facts.engine.state import EngineInfo, EngineState
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing

_MOST_LOGS = 100
_FILTERS = '{"type":["container"],"event":["die","oom"]}'


@collector
def restart_loops(
    host: Host, containers: Containers, state: EngineState | Missing, info: EngineInfo | Missing
) -> RestartLoops:
    """Return the loops. A container that runs now is in one if the engine counts enough ends of it."""
    certain = [one for one in containers.items if waits(one) or gave_up(one)]
    is_running = isinstance(state, EngineState) and state.is_running
    possible = [one for one in containers.items if is_running and may_loop(one) and _is_recent(host, one.state)]
    services = _services(host, containers) if is_running else {}
    if not certain and not possible and not services:
        return RestartLoops()
    from doctor.collect.containers.log_end import log_end  # noqa: PLC0415 - a healthy host needs none

    gaps: list[Missing] = []
    counted, starved = _count(host, gaps) if is_running and (certain or possible) else ({}, set())
    found = {one.id for one in certain} | {
        one.id
        for one in possible
        if one.restart_count >= FEW and (counted.get(one.id, 0) >= FEW or _is_often(host, one, state, info))
    }
    found |= {tasks[0] for tasks in services.values()}
    looping = [one for one in containers.items if one.id in found]
    read = {one.id for one in looping[:_MOST_LOGS]}
    return RestartLoops(
        items={
            one.id: Ends(
                recent=counted.get(one.id, 0),
                lasted_s=_lasted(one.state),
                line=log_end(host, one) if one.id in read else "",
            )
            for one in looping
        },
        starved=frozenset(one.id for one in possible if one.id in starved),
        services=services,
        unread=len(looping) - len(read),
        gaps=tuple(gaps),
    )


def _services(host: Host, containers: Containers) -> dict[str, tuple[str, ...]]:
    """Return the services of which enough tasks failed recently; swarm keeps the last five of each by default."""
    ended: dict[str, list[tuple[float, str]]] = {}
    for one in containers.items:
        if one.service and one.state.word == "exited" and one.state.exit_code:
            finished = _seconds(one.state.finished_at)
            if finished is not None and 0 <= host.now() - finished < WINDOW_S:
                ended.setdefault(one.service, []).append((finished, one.id))
    return {
        name: tuple(identity for _, identity in sorted(tasks, reverse=True))
        for name, tasks in ended.items()
        if len(tasks) >= FEW
    }


def _is_recent(host: Host, state: ContainerState) -> bool:
    """Whether the current run began within the window: a container that restarted long ago is not worth a request."""
    started = _seconds(state.started_at)
    return started is not None and host.now() - started < WINDOW_S


def _lasted(state: ContainerState) -> float:
    """Return the length of the last run; while the container runs, only the start of the current one is known."""
    started, finished = _seconds(state.started_at), _seconds(state.finished_at)
    if started is None or finished is None or (state.running and not state.restarting):
        return -1.0
    # The engine notes the end a moment before the start if a program ends at once.
    return max(0.0, finished - started)


def _seconds(moment: str) -> float | None:
    if not moment or moment.startswith("0001-"):
        return None
    from datetime import datetime  # noqa: PLC0415 - only for a container that restarts

    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _is_often(host: Host, one: Container, state: EngineState | Missing, info: EngineInfo | Missing) -> bool:
    """Whether the restarts since the engine counts them are that frequent: it counts from its own start or a start by hand."""
    since = _seconds(one.created) or 0.0
    if isinstance(state, EngineState) and isinstance(info, EngineInfo) and not info.live_restore:
        since = max(since, state.started)
    return (host.now() - since) / one.restart_count < WINDOW_S / FEW


def _count(host: Host, gaps: list[Missing]) -> tuple[dict[str, int], set[str]]:
    """Return container id → its ends within the window, and the ids of those that were out of memory.

    The engine keeps the last 256 events of all kinds, and frequent health checks fill that: the numbers are lower limits.
    """
    from urllib.parse import quote  # noqa: PLC0415 - as above

    from doctor.formats.json_safe import load  # noqa: PLC0415
    from doctor.formats.json_values import mapping, text  # noqa: PLC0415

    until = int(host.now())
    path = f"/events?since={until - WINDOW_S}&until={until}&filters={quote(_FILTERS, safe='')}"
    try:
        answer = host.engine(path)
    except HostError as error:
        gaps.append(error.missing)
        return {}, set()
    counted: dict[str, int] = {}
    starved: set[str] = set()
    for line in answer.body.splitlines() if answer.status == 200 else ():
        try:
            event = mapping(load(line))
        except FormatError:
            continue
        identity = text(mapping(event.get("Actor")).get("ID")) or text(event.get("id"))
        if event.get("Action") == "oom" or event.get("status") == "oom":
            starved.add(identity)
        else:
            counted[identity] = counted.get(identity, 0) + 1
    return counted, starved
