"""The log server on this host that new containers wait for does not run."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.logging.details import DeadTarget
from doctor.facts.logging.drivers import default_driver, default_options
from doctor.facts.logging.targets import awaited_server
from doctor.facts.network.listeners import Listeners


@check(
    severity=Severity.ERROR,
    detail=DeadTarget,
    breaks=("start",),
    ok="the log server that new containers wait for runs, or they wait for none on this host",
    messages=(
        Message(
            pattern=r"failed to initialize logging driver.*(?:dial|connect|refused|timeout)",
            example="failed to create task for container: failed to initialize logging driver: dial tcp 127.0.0.1:24224: connect: connection refused.",
            means="the log server does not answer, so no container with this logging driver starts",
            do='start the log server; or set "fluentd-async": "true" for fluentd, a udp:// address for syslog and gelf; mode=non-blocking does not help',
            also=("logging/remote-blocking",),
        ),
    ),
)
def target_dead(config: EngineConfig, containers: Containers, sockets: Listeners) -> Iterator[Finding]:
    """The default logging driver connects to a server on this host that does not run, so no new container starts.

    What it looks at:
        The default driver and its options, if the address is of this host's loopback interface: fluentd without
        ``fluentd-async``, syslog and gelf over TCP, splunk with its check of the connection. And whether a process listens on
        that port, or a running container publishes it.

    Why it matters:
        The engine connects before it starts a container, and refuses the start with "failed to initialize logging driver: dial
        tcp 127.0.0.1:24224: connect: connection refused". ``mode=non-blocking`` applies only after that connection.

    How it is fixed:
        Manually: start the log server, or let the driver connect later. Whether log lines may be lost is the user's decision.

    References:
        https://docs.docker.com/engine/logging/drivers/fluentd/#fluentd-async
        https://github.com/moby/moby/issues/21966
        https://github.com/moby/moby/issues/33186
    """
    driver, options = default_driver(config), default_options(config)
    server = awaited_server(driver, options)
    if server is None or sockets.gaps or _answers(server, containers, sockets):
        return
    place = f"{server[0]}:{server[1]}"
    yield Finding(
        subject=Subject("setting", "log-driver"),
        message=f"the logging driver {driver} needs {place}, where nothing listens: no new container starts",
        evidence=(
            Evidence(config.setting("log-driver").place, f"log-driver {driver}"),
            Evidence("/proc/net/tcp", f"no listener on port {server[1]}"),
        ),
        detail=DeadTarget(driver=driver, server=place),
    )


def _answers(server: tuple[str, int], containers: Containers, sockets: Listeners) -> bool:
    """Whether a process listens there, or a running container may be behind a firewall rule for the port."""
    addresses = ("127.0.0.1", "::1") if server[0] == "localhost" else (server[0],)
    if any(sockets.on("tcp", address, server[1]) for address in addresses):
        return True
    running = (one.host for one in containers.items if one.state.running and one.host is not None)
    return any(port.host_port == server[1] for host in running for port in host.ports)
