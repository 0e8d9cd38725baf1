"""A container shall publish a port, but is on internal networks alone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Container, Containers, Port
from doctor.facts.network.networks import Networks
from doctor.model.text import in_words


@check(severity=Severity.INFO, ok="no running container asks for published ports on internal networks alone")
def published_on_internal(containers: Containers, networks: Networks) -> Iterator[Finding]:
    """A running container was started with published ports, but all its networks are internal: the engine publishes none of them.

    What it looks at:
        The ports that each running container was created with (``-p``), and whether each of its networks is an internal bridge network.

    Why it matters:
        ``docker run -p`` and Compose accept such ports without a word, and ``docker ps`` shows none: the host refuses connections to
        them. Nothing is broken, so no repair of the firewall or of a proxy helps.

    How it is fixed:
        Connect the container to a second network that is not internal, and the engine publishes its ports at once:
        ``docker network connect bridge NAME``. It then reaches the outside as well. Or remove the ports.

    References:
        https://docs.docker.com/reference/cli/docker/network/create/#internal
    """
    inside = {network.id for network in networks.bridges if network.internal}
    if not inside:
        return
    used: dict[str, set[str]] = {}
    for endpoint in networks.running:
        used.setdefault(endpoint.container_id, set()).add(endpoint.network_id)
    for container in containers.items:
        mine = used.get(container.id, set())
        ports = () if container.host is None else container.host.ports
        if ports and mine and mine <= inside and not container.ports:
            yield _finding(container, ports, [name.name for name in networks.items if name.id in mine])


def _finding(container: Container, ports: tuple[Port, ...], names: list[str]) -> Finding:
    wanted = in_words([f"{port.container_port}/{port.protocol}" for port in ports[:4]])
    word = "ports" if len(ports) > 1 else "port"
    where = f"internal network{'s' if len(names) > 1 else ''} {in_words(names)}"
    return Finding(
        subject=Subject("container", container.name),
        message=f"the engine does not publish {word} {wanted} of {container.name}, which is on the {where} alone",
        evidence=(
            Evidence("created with", ", ".join(f"-p {_option(port)}" for port in ports[:4])),
            Evidence(
                "publishes them",
                f"docker network connect NETWORK {container.name}, with a network that is not internal",
            ),
        ),
    )


def _option(port: Port) -> str:
    where = f"{port.host_ip}:" if port.host_ip else ""
    return f"{where}{port.host_port or ''}:{port.container_port}/{port.protocol}".removeprefix(":")
