"""A bridge of the engine is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.engine.state import EngineState
from doctor.facts.network.details import BridgeMissing
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Network, Networks
from doctor.facts.network.wires import Wires


@check(
    severity=Severity.ERROR,
    detail=BridgeMissing,
    breaks=("egress", "port", "dns"),
    ends=("no-bridge", "wrong-mac", "neighbour", "wrong-route", "wrong-way", "no-route"),
    ok="the bridge of every network exists",
    messages=(
        Message(
            pattern=r"adding interface veth\S+ to bridge \S+ failed.*",
            example="failed to create endpoint web on network bridge: adding interface vethae6f81b to bridge docker0 failed: Device does not exist.",
            means="the bridge of the network is missing",
            do="restart the engine, which recreates it",
        ),
    ),
)
def docker0_missing(
    networks: Networks, links: Links, state: EngineState | Missing, wires: Wires | Missing
) -> Iterator[Finding]:
    """The bridge of a network does not exist, so its containers are cut off and no container of it can start.

    What it looks at:
        The bridge that the engine recorded for each bridge network, against the host's interfaces. This is checked only while
        the engine or one of its containers runs, because the engine creates its bridges at its start.

    Why it matters:
        New containers fail with "adding interface … to bridge … failed: Device does not exist". A restart of the engine
        recreates the bridge, but with live-restore it leaves the running containers detached.

    How it is fixed:
        The bridge is recreated with the recorded gateway address and set up, and the containers' interfaces are attached: no
        container restarts. The engine's firewall rules name the bridge, so they apply to the new one.

    References:
        moby/moby: libnetwork/drivers/bridge/setup_device_linux.go
    """
    runs = isinstance(state, EngineState) and state.pid != 0
    for network in networks.bridges:
        if links.link(network.bridge) is not None:
            continue
        endpoints = [endpoint for endpoint in networks.running if endpoint.network_id == network.id]
        if not runs and not endpoints:
            continue
        known = wires.items if isinstance(wires, Wires) else ()
        own = [wire for wire in known if wire.network.id == network.id]
        macs = {wire.gateway_mac for wire in own if wire.gateway_mac}
        names = ", ".join(sorted(endpoint.container for endpoint in endpoints)) or "none"
        yield Finding(
            subject=Subject("network", network.name),
            message=(
                f"the bridge {network.bridge} of network {network.name} does not exist: "
                f"its containers are cut off and none can start"
            ),
            evidence=(
                Evidence("ip addr", f"no interface {network.bridge}"),
                Evidence(networks.source, f"network {network.name}: bridge {network.bridge}, {network.gateway}"),
                Evidence("its running containers", names),
            ),
            detail=BridgeMissing(
                bridge=network.bridge,
                addresses=_addresses(network),
                ports=tuple(wire.interface for wire in own),
                mac=macs.pop() if len(macs) == 1 else "",
            ),
        )


def _addresses(network: Network) -> tuple[str, ...]:
    gateways = (network.gateway, network.gateway6 if network.ipv6 else "")
    return tuple(address for address in gateways if address)
