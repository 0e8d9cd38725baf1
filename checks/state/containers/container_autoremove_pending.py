"""The next start of the engine deletes a container."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.writable_layers import WritableLayers
from doctor.facts.details import OfFile
from doctor.facts.engine.state import EngineState


@check(severity=Severity.WARNING, detail=OfFile, ok="the next start of the engine deletes no container")
def container_autoremove_pending(
    containers: Containers, layers: WritableLayers, state: EngineState | Missing
) -> Iterator[Finding]:
    """The next engine start deletes a container with all its files, because it was started with --rm before the crash.

    What it looks at:
        Containers with ``AutoRemove`` in ``hostconfig.json`` whose writable layer has files, while no engine runs.

    Why it matters:
        dockerd removes them with their files as soon as it starts, without a question. After a crash these files may be hours
        of work.

    How it is fixed:
        Their ``AutoRemove`` is switched off, so that they remain as stopped containers. Copy the files that you need, then
        ``docker rm`` the container.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/daemon.go
    """
    if isinstance(state, EngineState) and state.pid:
        return
    for container in containers.items:
        if container.host is None or not container.host.auto_remove or not layers.has_files(container.id):
            continue
        path = container.host_config_path
        yield Finding(
            subject=Subject("container", container.title),
            message=f"container {container.title} was run with --rm: the next start of the engine deletes it with all its files",
            evidence=(
                Evidence(path, "AutoRemove: true"),
                Evidence("the files it wrote", str(layers.places[container.id])),
            ),
            detail=OfFile(path=path),
            start_destroys=True,
        )
