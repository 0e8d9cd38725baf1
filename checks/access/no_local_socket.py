"""The engine has no socket for this host's clients."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.access.clients import ClientEndpoints
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.details import LocalSocket
from doctor.facts.engine.state import EngineAnswer
from doctor.facts.host.processes import Processes


@check(
    severity=Severity.WARNING, detail=LocalSocket, ok="the engine listens where this host's docker commands look for it"
)
def no_local_socket(
    config: EngineConfig, answer: EngineAnswer, processes: Processes, clients: ClientEndpoints | Missing
) -> Iterator[Finding]:
    """The engine listens on no Unix socket, so every docker command on this host that names no address fails.

    What it looks at:
        ``hosts`` in daemon.json, or ``-H``, of a running engine: none is ``fd://`` or a Unix socket; another Unix socket than
        the usual one was chosen on purpose. Not reported if /etc/environment or /etc/profile.d sets DOCKER_HOST to one of its addresses, or if systemd listens on the socket for
        nobody (engine/socket-unserved).

    Why it matters:
        ``hosts`` replaces the usual socket, it does not add to it. "Cannot connect to the Docker daemon at
        unix:///var/run/docker.sock" appears although the engine runs; agents and CI jobs that mount the socket fail too.

    How it is fixed:
        Manually: the advice shows the complete setting. Doctor does not restart an engine without a Unix socket, because it can't
        see when it is up.

    References:
        https://docs.docker.com/engine/daemon/remote-access/
    """
    hosts = config.get("hosts")
    addresses = tuple(str(text) for text in hosts) if isinstance(hosts, list) else ()
    if not addresses or answer.unserved or not processes.of_host(*docker.PROCESSES):
        return
    if any(text.startswith(("fd:", "unix:")) for text in addresses):
        return
    if not isinstance(clients, Missing) and clients.chosen_by_all(frozenset(addresses)):
        return
    place = config.setting("hosts").place
    yield Finding(
        subject=Subject("file", docker.SOCKET),
        message=f"the engine listens only on {', '.join(addresses)}, not on {docker.SOCKET}: docker commands on this host fail",
        evidence=(Evidence(place, f"hosts: {', '.join(addresses)}"),),
        detail=LocalSocket(
            place=place, hosts=addresses, in_file=config.setting("hosts").place.startswith(config.json.path)
        ),
    )
