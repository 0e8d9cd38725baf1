"""A left-over bridge holds the subnet of a network."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.host.processes import Processes
from doctor.facts.network.details import SubnetTaken
from doctor.facts.network.links import USER_BRIDGE, Link, Links
from doctor.facts.network.networks import Network, Networks


@check(
    severity=Severity.ERROR,
    detail=SubnetTaken,
    breaks=("egress", "port"),
    ok="no left-over bridge holds a network's subnet",
)
def bridge_stale_same_subnet(networks: Networks, links: Links, processes: Processes | Missing) -> Iterator[Finding]:
    """A left-over bridge has an address in a network's subnet, so answers to the network's containers go astray.

    What it looks at:
        Bridges called br-<12 hex digits> without ports that belong to no network of the engine and have an address in the
        subnet of one. Where several engines run on the host nothing is said.

    Why it matters:
        The host has two routes to one subnet and takes the first. Rules, forwarding and DNS are all right, and still nothing
        comes back to the containers: one of the hardest faults to see. The engine accepts such a network without a word.

    How it is fixed:
        The left-over bridge is emptied and deleted; nothing is attached to it.

    References:
        https://docs.docker.com/engine/network/drivers/bridge/
    """
    if networks.gaps or (isinstance(processes, Processes) and len(processes.named("dockerd")) > 1):
        return
    known = {network.bridge for network in networks.items} | {f"br-{item.id[:12]}" for item in networks.items}
    for link in links.bridges():
        if USER_BRIDGE.fullmatch(link.name) is None or link.name in known or links.ports(link.name):
            continue
        victim = _victim(link, networks)
        if victim is not None:
            yield _finding(link, victim, networks)


def _victim(link: Link, networks: Networks) -> Network | None:
    for network in networks.bridges:
        for subnet in network.subnets:
            if any(IPv4Network(address.network).overlaps(IPv4Network(subnet)) for address in link.ipv4):
                return network
    return None


def _finding(link: Link, victim: Network, networks: Networks) -> Finding:
    addresses = tuple(address.text for address in link.ipv4)
    return Finding(
        subject=Subject("interface", link.name),
        message=(
            f"answers to containers of network {victim.name} may go to {link.name}, "
            f"a left-over bridge with the same subnet"
        ),
        evidence=(
            Evidence("ip addr", f"{link.name}: {', '.join(addresses)}, no ports"),
            Evidence(networks.source, f"network {victim.name}: {', '.join(victim.subnets)} on {victim.bridge}"),
        ),
        detail=SubnetTaken(bridge=link.name, addresses=addresses, is_up=link.is_up),
    )
