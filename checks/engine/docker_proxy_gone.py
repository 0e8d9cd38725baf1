"""The docker-proxy of a published port is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.details import OfContainers
from doctor.facts.engine.state import EngineState
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Networks, PublishedPort
from doctor.model.text import named

_SHOWN = 5


@check(
    severity=Severity.ERROR,
    detail=OfContainers,
    ends=("proxy-missing",),
    ok="each published port of a running container has its docker-proxy",
)
def docker_proxy_gone(
    networks: Networks,
    config: EngineConfig,
    listeners: Listeners,
    rules: EngineRules | Missing,
    state: EngineState,
) -> Iterator[Finding]:
    """A running container publishes a port, and no docker-proxy listens on it, so this host itself can't reach the port.

    What it looks at:
        The listening sockets of the host for each published port of a running container, if ``userland-proxy`` is on (the default)
        and the engine runs.

    Why it matters:
        The engine starts a docker-proxy for each published port, once, and does not watch it. If the process is killed (out of
        memory, ``pkill``), the firewall still leads clients outside to the container, but 127.0.0.1, other containers that use
        the host's address, and clients over IPv6 get "connection refused". Another program can take the port.

    How it is fixed:
        With live-restore the engine is restarted, which needs ``--allow disruptive``: it starts each docker-proxy again, and containers
        run on with their processes and addresses. Else the command is shown: a restart of the container, or live-restore first.

    References:
        https://docs.docker.com/engine/network/port-publishing/
    """
    # The settings may have been edited since the engine's start: its rules show how it was started.
    is_off = (
        config.get("userland-proxy") is False
        or config.is_set("userland-proxy-path")
        or (isinstance(rules, EngineRules) and rules.hairpin)
    )
    if not state.is_running or is_off:
        return
    gone: dict[str, list[PublishedPort]] = {}
    for version in (4, 6):
        for network, endpoint, port in networks.published(version):
            is_proxied = (
                port.host_port and port.protocol in {"tcp", "udp"} and network.mode_of(version).startswith("nat")
            )
            if is_proxied and listeners.on(port.protocol, port.host_ip, port.host_port) is None:
                gone.setdefault(endpoint.container, []).append(port)
    if gone:
        yield _finding(gone)


def _finding(gone: dict[str, list[PublishedPort]]) -> Finding:
    """Return one finding for all: whatever ended them, one restart of the engine starts each again."""
    names = tuple(sorted(gone))
    ports = [port for name in names for port in gone[name]]
    others = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    shown = ", ".join(port.text for port in ports[:3]) + (f" and {len(ports) - 3} more" if ports[3:] else "")
    return Finding(
        subject=Subject("container", names[0]) if len(names) == 1 else Subject("program", docker.PROXY),
        message=f"no {docker.PROXY} listens on {shown} of {named('container', names[:_SHOWN])}{others}: connections from this host are refused",
        evidence=tuple(
            Evidence("/proc/net", f"no socket on {', '.join(port.text for port in gone[name])} of container {name}")
            for name in names[:_SHOWN]
        ),
        detail=OfContainers(names=names),
    )
