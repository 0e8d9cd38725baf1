"""A container can't start, since something else has its published port."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.details import PortTaken
from doctor.facts.network.listeners import PortConflict, PortConflicts


@check(
    severity=Severity.ERROR,
    detail=PortTaken,
    breaks=("port",),
    ok="no stopped container's port is taken by something else",
)
def port_in_use(conflicts: PortConflicts) -> Iterator[Finding]:
    """A container does not start, since another process of the host listens on the port it publishes.

    What it looks at:
        Containers that are not running although they should restart by themselves (their last start failed), or whose last
        error names a taken port; their fixed host ports against the host's listening sockets, and who owns the socket.

    Why it matters:
        The engine says "address already in use" or "port is already allocated" once and gives up; the service stays away.

    How it is fixed:
        A person decides who gives way: doctor ends no process.

    References:
        https://docs.docker.com/engine/network/port-publishing/
    """
    for conflict in conflicts.items:
        yield _finding(conflict)


def _finding(conflict: PortConflict) -> Finding:
    place = f"{conflict.address or '*'}:{conflict.port}/{conflict.protocol}"
    owner = f"{conflict.owner} (pid {conflict.pid})" if conflict.pid else "a process that can't be seen"
    evidence = [
        Evidence(f"/proc/net/{conflict.listener.protocol}", f"{conflict.listener.address}:{conflict.port}, {owner}"),
        Evidence(f"container {conflict.container}", f"publishes {place}"),
    ]
    if conflict.error:
        evidence.append(Evidence("its last error", conflict.error))
    return Finding(
        subject=Subject("container", conflict.container),
        message=f"container {conflict.container} can't start: its port {place} is taken by {owner}",
        evidence=tuple(evidence),
        detail=PortTaken(port=conflict.port, pid=conflict.pid, owner=conflict.owner),
    )
