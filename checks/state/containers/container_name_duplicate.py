"""Two containers have the same name."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.details import NameTaken


@check(
    severity=Severity.ERROR,
    detail=NameTaken,
    ok="no two containers have the same name",
    messages=(
        Message(
            pattern="failed to register container name.*is reserved",
            example="failed to register container name: web: name web is reserved",
            means="two containers have the same name, and one of them is not listed",
            do="let 'doctor fix' rename one",
        ),
    ),
)
def container_name_duplicate(containers: Containers) -> Iterator[Finding]:
    """Two containers have the same name, so the engine drops one of them at its start.

    What it looks at:
        ``Name`` in ``config.v2.json`` of all containers. If two have the same name, also their published ports and static
        addresses.

    Why it matters:
        dockerd logs "failed to register container name … name is reserved" and lists only one of the two, depending on the
        order in which it reads them. This happens when a lost container is restored after its name was reused. Often its port
        and address were reused too: then the container that starts first takes them.

    How it is fixed:
        The older container gets its short ID appended to its name. The engine never assigns a name that is in use, so the older
        container was lost when the newer one was created, and the newer one is in service. Both keep their files, ports and
        networks. If the older one restarts automatically and would take a port or an address of the newer one, its restart
        policy is set to "no".

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
            path = container.config_path
            yield Finding(
                subject=Subject("container", container.short),
                message=f"containers {container.short} and {last.short} have the same name {name}: the engine drops one of them at its start",
                evidence=(
                    Evidence(path, f"created {container.created}"),
                    Evidence(last.config_path, f"created {last.created}"),
                ),
                detail=NameTaken(
                    path=path,
                    host_path=container.host_config_path,
                    name=f"{name}-{container.short}",
                    rivals=tuple(_rivals(container, last)) if _is_started(container) else (),
                ),
            )


def _is_started(container: Container) -> bool:
    """Whether the engine may start it automatically: with any policy, since after a crash each of them can."""
    return container.host is not None and container.host.restart_policy not in {"", "no"}


def _rivals(one: Container, other: Container) -> Iterator[str]:
    """Yield the ports and static addresses that both containers use."""
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
