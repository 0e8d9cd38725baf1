"""A container's removal was interrupted."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.state import EngineState
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.WARNING,
    ok="no removal of a container was interrupted",
    messages=(
        Message(
            pattern=r"can not get logs from container which is dead or marked for removal|unlinkat \S+: operation not permitted|removal of container \S+ is already in progress|driver \S+ failed to remove root filesystem",
            example="can not get logs from container which is dead or marked for removal",
            means="the removal of the container was interrupted",
            do="let 'doctor fix' finish it; a mount that another process holds must end first",
            also=("state/immutable-attribute",),
        ),
    ),
)
def container_removal_half_done(
    containers: Containers, graph: LayerGraph | Missing, state: EngineState | Missing
) -> Iterator[Finding]:
    """A container's removal was interrupted, so the container can't start or be read; its files still exist.

    What it looks at:
        ``Dead`` and ``RemovalInProgress`` in ``config.v2.json`` of containers whose layer directory exists. While the engine
        runs, a current removal is not reported.

    Why it matters:
        ``docker ps -a`` shows it as dead indefinitely. Only a person can decide whether its files may be deleted.

    How it is fixed:
        Manually: remove the container, or save its files first.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/delete.go
    """
    if not isinstance(graph, LayerGraph):
        return
    for container in containers.items:
        record = graph.layers.mounts.get(container.id)
        own = graph.directory(record.mount_id or "") if record is not None else None
        is_moving = (
            container.state.removing and not container.state.dead and isinstance(state, EngineState) and state.pid
        )
        if not (container.state.dead or container.state.removing) or own is None or not own.has_diff or is_moving:
            continue
        yield Finding(
            subject=Subject("container", container.title),
            message=f"the removal of container {container.title} was interrupted: the container can't start or be read",
            evidence=(
                Evidence(
                    container.config_path,
                    f"Dead: {_json(container.state.dead)}, RemovalInProgress: {_json(container.state.removing)}",
                ),
                Evidence("the files it wrote", graph.layers.diff_path(own.id)),
            ),
        )


def _json(value: bool) -> str:
    return "true" if value else "false"
