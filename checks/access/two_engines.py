"""Two engines run on the host."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.engine.state import Engines


@check(severity=Severity.ERROR, detail=Engines, ok="one engine runs on this host")
def two_engines(engines: Engines) -> Iterator[Finding]:
    """Two engines run on the host with one socket, so docker commands reach only one: the other's containers seem to be lost.

    What it looks at:
        The dockerd processes of the host itself, not those in containers or of ordinary users, with their program and data root,
        unless a command line gives one another address; and the data root that the engine at /var/run/docker.sock names.

    Why it matters:
        The engine that started last has the socket. Images and containers of the other are missing in "docker ps", although they
        run and hold their ports; both write firewall rules and networks with the same addresses. The usual cause is the snap
        package beside a package of apt.

    How it is fixed:
        Manually: only the user knows which engine has the wanted containers. The advice shows the commands for both.

    References:
        https://docs.docker.com/engine/install/ubuntu/#uninstall-old-versions
        https://github.com/canonical/docker-snap
    """
    if not engines.rivals:
        return
    reached = engines.reached
    where = f"docker commands reach the one with data root {reached.root}" if reached else "each has its own data root"
    yield Finding(
        subject=Subject("engine", "two"),
        message=f"{len(engines.rivals)} engines with one socket run on this host: {where}",
        evidence=(
            *(Evidence(f"process {one.pid}", f"{one.program}, data root {one.root}") for one in engines.rivals),
            *((Evidence(docker.SOCKET, f"data root {engines.answering}"),) if engines.answering else ()),
        ),
        detail=engines,
    )
