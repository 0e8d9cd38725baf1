"""A container does not reach its own published port."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.networks import Networks
from doctor.facts.path.details import HairpinOff
from doctor.facts.path.hairpin import WithoutProxy
from doctor.facts.path.namespaces import NetNamespaces


@check(
    severity=Severity.WARNING,
    detail=HairpinOff,
    breaks=("port",),
    ends=("port-hairpin",),
    ok="every container with a published port reaches the port itself",
)
def hairpin_off(
    namespaces: NetNamespaces, networks: Networks, without: WithoutProxy, sysctl: Sysctl
) -> Iterator[Finding]:
    """Hairpin mode of a container's bridge port is off, and no docker-proxy runs: it does not reach its own published port.

    What it looks at:
        The host's end of the veth of each running container with a published port, if ``userland-proxy`` is false and packets
        between the ports of a bridge pass iptables (``bridge-nf-call-iptables``).

    Why it matters:
        A connection of the container to the host's address and its own port is led back to the port of the bridge that it came
        by, and the bridge drops it: it times out, while others reach the port. Containers that ran before
        ``userland-proxy`` was turned off keep such ports with live-restore.

    How it is fixed:
        Hairpin mode is turned on, as on every port that this engine creates; no container restarts.

    References:
        https://docs.docker.com/engine/network/port-publishing/
    """
    del without  # it is absent where docker-proxy serves the ports
    is_for_all = sysctl.number("net.bridge.bridge-nf-call-iptables") == 1
    for network in networks.bridges:
        bridge = namespaces.host.named(network.bridge)
        if bridge is None or not (is_for_all or (bridge.bridge is not None and bridge.bridge.nf_call_iptables)):
            continue
        ports: dict[str, str] = {}
        for endpoint in networks.running:
            if endpoint.network_id != network.id or not any(port.version == 4 for port in endpoint.ports):
                continue
            wire = namespaces.wire(endpoint, network)
            if wire is not None and wire.outer.port is not None and not wire.outer.port.is_hairpin:
                ports[wire.outer.name] = endpoint.container or endpoint.container_id[:12]
        if ports:
            shown = ", ".join(sorted(ports.values())[:4]) + (f" and {len(ports) - 4} more" if len(ports) > 4 else "")
            yield Finding(
                subject=Subject("network", network.name),
                message=f"hairpin mode is off and no docker-proxy runs, so these containers can't reach their own published ports: {shown}",
                evidence=tuple(
                    Evidence(f"port {port} of {network.bridge}", f"hairpin off, leads to {name}")
                    for port, name in sorted(ports.items())[:4]
                ),
                detail=HairpinOff(ports=tuple(sorted(ports))),
            )
