"""Another program listens on a container's published port."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.path.details import ProxyPortTaken
from doctor.facts.path.paths import OpenCuts

_ENGINE = "dockerd"


@check(
    severity=Severity.ERROR,
    detail=ProxyPortTaken,
    breaks=("port",),
    ok="no other program listens on a published port of a running container",
)
def published_port_taken(cuts: OpenCuts) -> Iterator[Finding]:
    """A program that is not docker-proxy listens on the published port of a running container, and answers in its place.

    What it looks at:
        The listening sockets on published ports, and the processes that have them: docker-proxy is known by its arguments, which
        name the container's address and port.

    Why it matters:
        docker-proxy ended, and another program took the port. Clients outside still reach the container by rules of the
        firewall; this host, and containers that use the host's address, reach the other program.

    How it is fixed:
        Manually: stop the program, or give it another port, and restart the container, which starts docker-proxy.

    References:
        https://docs.docker.com/engine/network/port-publishing/
    """
    for cut in cuts.of("taken"):
        program = cut.reason.partition(": ")[2].partition(" listens on ")[0]
        if not program.startswith(_ENGINE):
            yield Finding(
                subject=cut.subject,
                message=cut.says,
                evidence=cut.evidence[1:],
                detail=ProxyPortTaken(port=cut.ways[0].port, program=program, containers=cut.containers),
            )
