"""The engine is told to give containers servers on the loopback."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.network.dns import is_loopback


@check(severity=Severity.ERROR, breaks=("dns",), ok='"dns" names servers that containers can reach')
def daemon_dns_loopback(engine: EngineConfig) -> Iterator[Finding]:
    """The engine's "dns" setting names only addresses of the loopback, so containers ask themselves.

    What it looks at:
        "dns" in daemon.json and --dns of the command line.

    Why it matters:
        What stands there is copied into containers as it is. 127.0.0.1 in a container is the container: every name times out
        or is refused on the default network.

    How it is fixed:
        A person has to say which servers are meant: the address of the host on a bridge, if its resolver listens there, or the
        real servers behind it.

    References:
        https://docs.docker.com/reference/cli/dockerd/
    """
    servers = engine.get("dns")
    if not isinstance(servers, list) or not servers:
        return
    names = [server for server in servers if isinstance(server, str)]
    if names and all(is_loopback(server) for server in names):
        yield Finding(
            subject=Subject("setting", "dns"),
            message=f"containers on the default network resolve no names: they ask {', '.join(names)}, which inside a container is the container itself",
            evidence=(Evidence(engine.setting("dns").place, f"dns: {', '.join(names)}"),),
        )
