"""Two containers have one name."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Severity, Subject, check
from doctor.facts.containers.containers import CONFIG, HOST_CONFIG, Container, Containers
from doctor.facts.containers.details import NameTaken


@check(severity=Severity.ERROR, detail=NameTaken, ok="no two containers have one name")
def container_name_duplicate(containers: Containers) -> Iterator[Finding]:
    """Two containers have the same name, so the engine drops one of them at its start.

    What it looks at:
        ``Name`` in ``config.v2.json`` of all containers; of two with one name also their published ports and static addresses.

    Why it matters:
        dockerd logs "failed to register container name … name is reserved" and lists only one of the two; which one depends
        on the order in which it reads them. It happens when a lost container comes back after its name was given away, and often
        the port and the address with it: then whichever starts first takes them.

    How it is fixed:
        The one that was created first gets its short id appended to its name: the engine gives no name away that a container
        has, so it had vanished when the other one was made, and the other one is in service. Both keep their files, ports and
        networks. If it restarts by itself and would take a port or an address of the other, its restart policy becomes "no".

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/names.go
    """
    by_name: dict[str, list[Container]] = {}
    for container in containers.items:
        if container.name:
            by_name.setdefault(container.name, []).append(container)
    for name, group in by_name.items():
        *rest, last = sorted(group, key=lambda container: (container.created, container.id))
        for container in rest:
            path = HostPath(f"{container.directory}/{CONFIG}")
            yield Finding(
                subject=Subject("container", container.short),
                message=f"the engine drops a container at its start: {container.short} and {last.short} are both called {name}",
                evidence=(
                    Evidence(path, f"created {container.created}"),
                    Evidence(f"{last.directory}/{CONFIG}", f"created {last.created}"),
                ),
                detail=NameTaken(
                    path=path,
                    host_path=HostPath(f"{container.directory}/{HOST_CONFIG}"),
                    name=f"{name}-{container.short}",
                    rivals=tuple(_rivals(container, last)) if _is_started(container) else (),
                ),
            )


def _is_started(container: Container) -> bool:
    """Whether the engine may start it at its own start: by any policy, since after a crash each of them can."""
    return container.host is not None and container.host.restart_policy not in {"", "no"}


def _rivals(one: Container, other: Container) -> Iterator[str]:
    """Yield the ports and static addresses that both want."""
    if one.host is None or other.host is None:
        return
    for mine in one.host.ports:
        for theirs in other.host.ports:
            is_same = mine.host_port and (mine.host_port, mine.protocol) == (theirs.host_port, theirs.protocol)
            if is_same and (mine.host_ip == theirs.host_ip or _is_any(mine.host_ip) or _is_any(theirs.host_ip)):
                yield f"port {mine.host_port}/{mine.protocol}"
    wanted = {(place.name, place.static_ip) for place in other.networks if place.static_ip}
    for place in one.networks:
        if (place.name, place.static_ip) in wanted:
            yield f"address {place.static_ip}"


def _is_any(address: str) -> bool:
    return address in {"", "0.0.0.0", "::"}  # noqa: S104 - read from a file, nothing is bound
