"""A container can't start because another process uses its published port."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.network.details import PortTaken
from doctor.facts.network.listeners import PortConflict, PortConflicts


@check(
    severity=Severity.ERROR,
    detail=PortTaken,
    breaks=("port",),
    ok="no other process uses the published port of a stopped container",
    messages=(
        Message(
            pattern=r"driver failed programming external connectivity",
            example="driver failed programming external connectivity on endpoint web (4f0c9f0c9f0c): Error starting userland proxy:",
            means="a published port could not be opened; the rest of the message shows the reason",
            do="read the end of the line",
            also=("firewall/rules-flushed", "engine/docker-proxy-missing"),
        ),
        Message(
            pattern=r"bind: address already in use|address already in use|port is already allocated|ports are not available.*|listen tcp\S* \S+ bind: (?!cannot assign|permission denied).*",
            example="Error starting userland proxy: listen tcp4 0.0.0.0:8081: bind: address already in use.",
            means="another program or container has a port that is wanted",
            do="find the program with 'ss -ltnp' and the container with 'docker ps -a'; if neither has the port, restart the engine, which forgets stale endpoints",
            also=("state/network-record-corrupt", "engine/start-failure"),
        ),
    ),
)
def port_in_use(conflicts: PortConflicts) -> Iterator[Finding]:
    """A container does not start because another process of the host listens on its published port.

    What it looks at:
        Containers that do not run although they have a restart policy (their last start failed) or whose last error names a port
        in use. Their fixed host ports are compared with the host's listening sockets.

    Why it matters:
        The engine reports "address already in use" or "port is already allocated" once and does not retry: the service stays
        down.

    How it is fixed:
        Manually: the user decides which program uses the port. doctor does not end processes.

    References:
        https://docs.docker.com/engine/network/port-publishing/
    """
    for conflict in conflicts.items:
        yield _finding(conflict)


def _finding(conflict: PortConflict) -> Finding:
    place = f"{conflict.address or '*'}:{conflict.port}/{conflict.protocol}"
    owner = f"process {conflict.pid} ({conflict.owner})" if conflict.pid else "a process that can't be seen"
    evidence = [
        Evidence(f"/proc/net/{conflict.listener.protocol}", f"{conflict.listener.address}:{conflict.port}, {owner}"),
        Evidence(f"container {conflict.container}", f"publishes {place}"),
    ]
    if conflict.error:
        evidence.append(Evidence("its last error", conflict.error))
    return Finding(
        subject=Subject("container", conflict.container),
        message=f"port {place} of container {conflict.container} is in use by {owner}: the container can't start",
        evidence=tuple(evidence),
        detail=PortTaken(port=conflict.port, pid=conflict.pid, owner=conflict.owner),
    )
