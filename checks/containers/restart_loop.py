"""A container ends soon after each start and restarts again and again."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.details import LoopOfContainers
from doctor.facts.containers.loops import WINDOW_S, Ends, RestartLoops, ended, gave_up, looping
from doctor.facts.containers.memory import is_starved
from doctor.facts.containers.needs import subject_of, titles
from doctor.facts.containers.programs import ProgramFaults

_MOST = 30
"""Groups of containers with a finding of their own."""


@check(
    severity=Severity.ERROR,
    detail=LoopOfContainers,
    ok="no container restarts again and again",
    messages=(
        Message(
            pattern=r"Container \S+ is restarting, wait until the container is running|Restarting \(\d+\) (?:\d+|less than a|about an?) \w+ ago",
            example="Error response from daemon: Container 8c3f is restarting, wait until the container is running",
            means="the container's program ends soon after each start, and the restart policy starts it again",
            do="read its last words with 'docker logs --tail 50 NAME'; 'docker inspect -f {{.State.ExitCode}} NAME' shows the exit code",
            also=("containers/out-of-memory", "containers/program-unusable", "containers/wrong-architecture"),
            apart="'docker logs --tail 5 NAME' and 'docker inspect -f {{.State.OOMKilled}} NAME'",
        ),
    ),
)
def restart_loop(containers: Containers, loops: RestartLoops, programs: ProgramFaults | Missing) -> Iterator[Finding]:
    """A container's program ends soon after each start, so its service is down while the engine restarts it.

    What it looks at:
        ``State``, ``RestartCount`` and the restart policy in each ``config.v2.json``: containers that wait for another restart,
        and those with which ``on-failure`` gave up. If a container runs and restarted often, the engine's events of the last ten
        minutes are counted. The last line of a looping container's log is shown, without secrets. A container that was out of
        memory, or whose program can't be executed, is reported by the check of that cause.

    Why it matters:
        The service does not work, and each restart costs the engine time and writes to the log. The engine waits longer after
        each short run, up to a minute.

    How it is fixed:
        Manually: the program's own log has the reason. The advice has the commands to read it, and to end the loop meanwhile.

    References:
        https://docs.docker.com/engine/containers/start-containers-automatically/
        https://github.com/moby/moby/blob/v26.1.5/restartmanager/restartmanager.go
    """
    known = programs.items if isinstance(programs, ProgramFaults) else {}
    groups: dict[tuple[str, int, bool], list[tuple[Container, Ends]]] = {}
    for one, ends in looping(containers, loops):
        if not one.service and one.id not in known and not is_starved(one, loops):
            groups.setdefault((one.image, one.state.exit_code, gave_up(one)), []).append((one, ends))
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    yield from _others([one for _, members in ordered[_MOST:] for one, _ in members])
    for (image, code, is_over), members in ordered[:_MOST]:
        first, ends = next(((one, ends) for one, ends in members if ends.line), members[0])
        some = [one for one, _ in members]
        yield Finding(
            subject=subject_of(some, f"{image}, exit code {code}"),
            message=_message(some, is_over=is_over, code=code, ends=ends),
            evidence=(
                Evidence(first.config_path, _counts(first, ends)),
                Evidence(f"last line of the log of {first.title}", ends.line or "none"),
                *((Evidence("containers", titles(some)),) if len(some) > 1 else ()),
            ),
            severity=Severity.ERROR if code else Severity.WARNING,
            detail=LoopOfContainers(names=tuple(one.title for one in some[:5]), has_ended=is_over),
        )


def _others(some: list[Container]) -> Iterator[Finding]:
    """Yield one finding for the containers of small groups, if there are very many."""
    if some:
        codes = ", ".join(str(code) for code in sorted({one.state.exit_code for one in some})[:10])
        yield Finding(
            subject=Subject("cause", "many containers"),
            message=f"{len(some)} more containers restart again and again: {titles(some)}",
            evidence=(Evidence("exit codes", codes),),
            detail=LoopOfContainers(names=tuple(one.title for one in some[:5])),
        )


def _message(some: list[Container], *, is_over: bool, code: int, ends: Ends) -> str:
    who = f"container {some[0].title}" if len(some) == 1 else f"each of {len(some)} containers ({titles(some)})"
    if is_over:
        return f"{who} ended {ended(code)} after each restart, and the engine gave up: it does not run"
    after = f", {ends.lasted_s:.1f} s after its start" if 0 <= ends.lasted_s < WINDOW_S else ""
    return f"{who} restarts again and again: it ends {ended(code)}{after}"


def _counts(one: Container, ends: Ends) -> str:
    recent = f", at least {ends.recent} of them in the last {WINDOW_S // 60} minutes" if ends.recent else ""
    policy = one.host.restart_policy if one.host is not None else ""
    return f"{one.restart_count} restarts{recent}, restart policy {policy}"
