"""A bridge belongs to no network of the engine."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.host.processes import Processes
from doctor.facts.network.details import StaleBridge
from doctor.facts.network.links import USER_BRIDGE, Link, Links
from doctor.facts.network.networks import Networks


@check(severity=Severity.INFO, detail=StaleBridge, ok="no bridge is stale")
def bridge_stale(networks: Networks, links: Links, processes: Processes | Missing) -> Iterator[Finding]:
    """A bridge with a name like the engine's belongs to no network, and may conflict with a new one.

    What it looks at:
        Bridges named br-<12 hex digits> without ports that belong to no network of the engine. If several engines run on the
        host, nothing is reported. A bridge that shares a subnet with a network is a separate finding.

    Why it matters:
        A failed "docker network create" or a crash leaves such bridges. A bridge without an address does no harm, but shows that
        creating a network failed. A bridge with an address occupies a subnet that the engine considers free.

    How it is fixed:
        A bridge without an address is deleted. For one with an address, or with a VLAN, a macvlan or a route on it, doctor only
        advises.

    References:
        moby/moby: libnetwork/drivers/bridge/bridge_linux.go
    """
    if networks.gaps or _engines(processes) > 1:
        return
    known = {network.bridge for network in networks.items} | {f"br-{item.id[:12]}" for item in networks.items}
    taken = [IPv4Network(subnet) for network in networks.items for subnet in network.subnets]
    for link in links.bridges():
        if USER_BRIDGE.fullmatch(link.name) is None or link.name in known or links.ports(link.name):
            continue
        if any(IPv4Network(address.network).overlaps(subnet) for address in link.ipv4 for subnet in taken):
            continue
        yield _finding(link, networks, links.goes_with(link))


def _engines(processes: Processes | Missing) -> int:
    return len(processes.named(docker.PROCESS)) if isinstance(processes, Processes) else 0


def _finding(link: Link, networks: Networks, keeps: tuple[str, ...]) -> Finding:
    addresses = ", ".join(address.text for address in link.given)
    text = f"its address is {addresses}" if addresses else f"it has {keeps[0]}" if keeps else "it is empty"
    return Finding(
        subject=Subject("interface", link.name),
        message=f"the bridge {link.name} belongs to no network of the engine: {text}",
        evidence=(
            Evidence("ip addr", f"{link.name}: {addresses or 'no address'}, no ports"),
            *(Evidence("what goes with it", words) for words in keeps[:4]),
            Evidence(networks.source, f"no network {link.name.removeprefix('br-')}"),
        ),
        detail=StaleBridge(bridge=link.name, is_empty=not addresses and not keeps, keeps=keeps),
    )
