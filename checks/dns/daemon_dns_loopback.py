"""The engine's "dns" setting names only loopback addresses."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.network.dns import is_loopback


@check(severity=Severity.ERROR, breaks=("dns",), ok='"dns" names servers that containers can reach')
def daemon_dns_loopback(engine: EngineConfig) -> Iterator[Finding]:
    """The engine's "dns" setting names only loopback addresses, so containers send queries to themselves.

    What it looks at:
        "dns" in daemon.json and --dns on the command line.

    Why it matters:
        The addresses are copied into containers unchanged. In a container, 127.0.0.1 is the container itself: on the default
        network every name query times out or is refused.

    How it is fixed:
        Manually: set "dns" to the host's address on a bridge, if its resolver listens there, or to the servers that the resolver
        uses.

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
            message=f"dns is set to {', '.join(names)}, which in a container is the container itself: containers on the default network resolve no names",
            evidence=(Evidence(engine.setting("dns").place, f"dns: {', '.join(names)}"),),
        )
