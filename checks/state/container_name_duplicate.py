"""Two containers have one name."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.api import Evidence, Finding, HostPath, Severity, Subject, check
from doctor.facts.containers import Container, Containers


class NameTaken(Struct, frozen=True, kw_only=True):
    """For the fixer: the config of the container that was created later, and a free name for it."""

    path: HostPath
    name: str


@check(severity=Severity.ERROR, ok="no two containers have one name")
def container_name_duplicate(containers: Containers) -> Iterator[Finding]:
    """Two containers have the same name, so the engine drops one of them at its start.

    What it looks at:
        ``Name`` in ``config.v2.json`` of all containers.

    Why it matters:
        dockerd logs "failed to register container name … name is reserved" and lists only one of the two; which one depends
        on the order in which it reads them. It happens when a lost container comes back after its name was given away.

    How it is fixed:
        The one that was created later gets its short id appended to its name. Both keep their files, ports and networks.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/names.go
    """
    by_name: dict[str, list[Container]] = {}
    for container in containers.items:
        if container.name:
            by_name.setdefault(container.name, []).append(container)
    for name, group in by_name.items():
        first, *rest = sorted(group, key=lambda container: (container.created, container.id))
        for container in rest:
            path = HostPath(f"{container.directory}/config.v2.json")
            yield Finding(
                subject=Subject("container", container.short),
                message=f"the engine drops a container at its start: {first.short} and {container.short} are both called {name}",
                evidence=(
                    Evidence(f"{first.directory}/config.v2.json", f"created {first.created}"),
                    Evidence(path, f"created {container.created}"),
                ),
                detail=NameTaken(path=path, name=f"{name}-{container.short}"),
            )
