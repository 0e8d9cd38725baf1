"""The host does not reach published ports at 127.0.0.1."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import interface_key
from doctor.facts.network.networks import Networks, PublishedPort
from doctor.facts.path.hairpin import WithoutProxy


@check(
    severity=Severity.WARNING,
    detail=OfSysctl,
    breaks=("port",),
    ok="the kernel routes 127.0.0.1 to the bridges with published ports",
)
def route_localnet_off(networks: Networks, without: WithoutProxy) -> Iterator[Finding]:
    """A bridge does not accept packets from 127.0.0.1, and no docker-proxy runs: this host can't reach ports at 127.0.0.1.

    What it looks at:
        The setting route_localnet of each bridge with a published port, if ``userland-proxy`` is false.

    Why it matters:
        Without docker-proxy, rules lead connections to 127.0.0.1 into the container. The kernel drops such packets unless the
        bridge's route_localnet is 1, which the engine sets when it creates the bridge. Hardening profiles and ``sysctl --system``
        turn it off: connections from this host time out, and health checks fail, while clients outside reach the port.

    How it is fixed:
        The setting is turned on for that bridge, as the engine does. If a file of sysctl.d turns it off, the command is shown
        instead: with the setting, containers can send packets to 127.0.0.1 of the host.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    for network in networks.bridges:
        ports = [
            port
            for endpoint in networks.running
            if endpoint.network_id == network.id
            for port in endpoint.ports
            if port.version == 4 and _is_local(port)
        ]
        if not ports or without.localnet.get(network.bridge, True):
            continue
        key = interface_key(network.bridge, "route_localnet")
        yield Finding(
            subject=Subject("sysctl", key),
            message=(
                f"{key} is 0 and no docker-proxy runs: this host can't reach port {ports[0].host_port} "
                f"of network {network.name} at 127.0.0.1"
            ),
            evidence=(Evidence("sysctl", f"{key} = 0"), Evidence("published", ports[0].text)),
            detail=OfSysctl(key=key),
        )


def _is_local(port: PublishedPort) -> bool:
    try:
        return port.host_port > 0 and (port.is_any or IPv4Address(port.host_ip).is_loopback)
    except ValueError:
        return False
