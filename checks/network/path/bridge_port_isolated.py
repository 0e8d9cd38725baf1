"""Containers of one network are kept apart by their bridge's ports."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.networks import Networks
from doctor.facts.path.details import PortsIsolated
from doctor.facts.path.namespaces import NetNamespaces


@check(
    severity=Severity.ERROR,
    detail=PortsIsolated,
    ends=("port-isolated",),
    ok="no two containers of a network are kept apart by isolated ports",
)
def bridge_port_isolated(namespaces: NetNamespaces, networks: Networks) -> Iterator[Finding]:
    """Two or more ports of a network's bridge are isolated, so these containers do not reach each other.

    What it looks at:
        The setting "isolated" of the host's end of each running container's veth, on networks whose containers may reach each
        other (``com.docker.network.bridge.enable_icc``, the default).

    Why it matters:
        The bridge forwards no packet from one isolated port to another. Names resolve and the gateway answers, but connections
        between the containers time out. No firewall rule shows it.

    How it is fixed:
        ``--choose`` asks: ``join`` turns it off, and an undo turns it on again. Somebody isolated the ports, perhaps to keep the
        containers apart. To do that for good, create it with the option com.docker.network.bridge.enable_icc=false.

    References:
        https://man7.org/linux/man-pages/man8/bridge.8.html
    """
    for network in networks.bridges:
        if not network.icc:
            continue
        isolated: dict[str, str] = {}
        for endpoint in networks.running:
            wire = namespaces.wire(endpoint, network) if endpoint.network_id == network.id else None
            if wire is not None and wire.outer.port is not None and wire.outer.port.is_isolated:
                isolated[wire.outer.name] = endpoint.container or endpoint.container_id[:12]
        if len(isolated) < 2:
            continue
        shown = ", ".join(sorted(isolated.values())[:4]) + (
            f" and {len(isolated) - 4} more" if len(isolated) > 4 else ""
        )
        yield Finding(
            subject=Subject("network", network.name),
            message=f"the bridge ports of containers {shown} are isolated: on network {network.name} they do not reach each other",
            evidence=tuple(
                Evidence(f"port {port} of {network.bridge}", f"isolated, leads to {name}")
                for port, name in sorted(isolated.items())[:4]
            ),
            detail=PortsIsolated(ports=tuple(sorted(isolated))),
        )
