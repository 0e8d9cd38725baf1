"""The engine publishes all ports on this host alone."""

from collections.abc import Iterator
from ipaddress import ip_address

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.network.networks import Networks


@check(severity=Severity.INFO, ok="the engine publishes ports on addresses that other hosts reach")
def published_on_loopback_only(config: EngineConfig, networks: Networks) -> Iterator[Finding]:
    """The engine's setting "ip" is a loopback address, so published ports are reached from this host alone.

    What it looks at:
        The setting ``ip`` of the engine, if a running container publishes a port on a loopback address.

    Why it matters:
        ``docker run -p 8080:80`` then listens on 127.0.0.1, and other hosts get "connection refused", although ``docker ps`` shows a
        published port. It protects hosts whose firewall does not filter published ports, so it is usually intended.

    How it is fixed:
        Not at all, if it is intended. To publish one port for other hosts, name the address: ``-p 192.0.2.10:8080:80``.

    References:
        https://docs.docker.com/engine/network/port-publishing/#setting-the-default-bind-address-for-containers
    """
    value = config.get("ip")
    if not isinstance(value, str) or not _is_loopback(value):
        return
    ports = [port for endpoint in networks.running for port in endpoint.ports if _is_loopback(port.host_ip)]
    if ports:
        place = config.setting("ip").place
        yield Finding(
            subject=Subject("setting", "ip"),
            message=f'"ip" is {value}: other hosts do not reach ports that are published without an address, such as {ports[0].text}',
            evidence=(Evidence(place, f"ip = {value}"),),
        )


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False
