"""The tasks of a swarm service end again and again."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.details import OfContainers
from doctor.facts.containers.loops import WINDOW_S, Ends, RestartLoops, ended


@check(severity=Severity.ERROR, detail=OfContainers, ok="no task of a swarm service ends again and again")
def service_failing(containers: Containers, loops: RestartLoops) -> Iterator[Finding]:
    """The tasks of a swarm service fail soon after their start, so the service is down while the swarm replaces them.

    What it looks at:
        The containers of tasks in the data root of this node: at least three of one service that ended within the last ten
        minutes with an exit code other than 0, while the engine runs. The last line of the latest one's log is shown, without
        secrets.

    Why it matters:
        The service does not work on this node. A swarm never restarts a container: it creates a new task for each, and keeps the
        last five.

    How it is fixed:
        Manually: the program's own log has the reason.

    References:
        https://docs.docker.com/reference/cli/docker/service/ps/
    """
    for name, tasks in loops.services.items():
        last = containers.get(tasks[0])
        if last is None:
            continue
        yield Finding(
            subject=Subject("service", name),
            message=f"{len(tasks)} tasks of swarm service {name} failed within {WINDOW_S // 60} minutes: the latest one ended {ended(last.state.exit_code)}",
            evidence=(
                Evidence(last.config_path, f"exit code {last.state.exit_code}"),
                Evidence(f"last line of the log of {last.title}", loops.items.get(last.id, Ends()).line or "none"),
            ),
            detail=OfContainers(names=(name, last.title)),
        )
