"""A stale bridge has an address in the subnet of a network."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.host.processes import Processes
from doctor.facts.network.details import SubnetTaken
from doctor.facts.network.links import USER_BRIDGE, Link, Links
from doctor.facts.network.networks import Network, Networks


@check(
    severity=Severity.ERROR,
    detail=SubnetTaken,
    breaks=("egress", "port"),
    ok="no stale bridge has an address in a network's subnet",
)
def bridge_stale_same_subnet(networks: Networks, links: Links, processes: Processes | Missing) -> Iterator[Finding]:
    """A stale bridge has an address in a network's subnet, so replies to the network's containers may be misrouted.

    What it looks at:
        Bridges named br-<12 hex digits> without ports that belong to no network of the engine and have an address in the subnet
        of one. If several engines run on the host, nothing is reported.

    Why it matters:
        The host has two routes to one subnet and uses the first. Rules, forwarding and DNS are correct, but replies do not reach
        the containers: this fault is hard to find. The engine creates such a network without a warning.

    How it is fixed:
        The stale bridge's addresses are removed, and it is deleted. No interface is attached to it. If a VLAN, a macvlan or a route
        would go with it, the command is shown instead.

    References:
        https://docs.docker.com/engine/network/drivers/bridge/
    """
    if networks.gaps or (isinstance(processes, Processes) and len(processes.named(docker.PROCESS)) > 1):
        return
    known = {network.bridge for network in networks.items} | {f"br-{item.id[:12]}" for item in networks.items}
    for link in links.bridges():
        if USER_BRIDGE.fullmatch(link.name) is None or link.name in known or links.ports(link.name):
            continue
        victim = _victim(link, networks)
        if victim is not None:
            yield _finding(link, victim, networks, links.goes_with(link))


def _victim(link: Link, networks: Networks) -> Network | None:
    for network in networks.bridges:
        for subnet in network.subnets:
            if any(IPv4Network(address.network).overlaps(IPv4Network(subnet)) for address in link.ipv4):
                return network
    return None


def _finding(link: Link, victim: Network, networks: Networks, keeps: tuple[str, ...]) -> Finding:
    addresses = tuple(address.text for address in link.given)
    return Finding(
        subject=Subject("interface", link.name),
        message=(
            f"the stale bridge {link.name} has an address in the subnet of network {victim.name}: "
            f"replies to its containers may go there"
        ),
        evidence=(
            Evidence("ip addr", f"{link.name}: {', '.join(addresses)}, no ports"),
            Evidence(networks.source, f"network {victim.name}: {', '.join(victim.subnets)} on {victim.bridge}"),
            *(Evidence("what goes with it", words) for words in keeps[:4]),
        ),
        detail=SubnetTaken(bridge=link.name, addresses=addresses, is_up=link.is_up, keeps=keeps),
    )
