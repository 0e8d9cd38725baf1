"""The subnets of two networks of the engine overlap."""

from collections.abc import Iterator
from ipaddress import ip_network

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.network.details import NetworksOverlap
from doctor.facts.network.networks import Network, Networks


@check(
    severity=Severity.ERROR,
    detail=NetworksOverlap,
    ok="no subnets of the engine's bridges overlap",
    messages=(
        Message(
            pattern="invalid pool id:.*",
            example="Error response from daemon: invalid pool id:",
            means="at its start the engine did not get the subnet of this container's network: another network has it in the engine's database",
            do="remove the network with the same subnet that no container has (docker network rm NAME), then restart the engine",
        ),
    ),
)
def pool_overlap(networks: Networks, containers: Containers | Missing) -> Iterator[Finding]:
    """The subnets of two bridge networks overlap, so packets to containers of one network go to the other.

    What it looks at:
        The subnets of the bridge networks in the engine's database, of both families. Networks of other drivers (macvlan,
        ipvlan, overlay) and bridges without an address are left out: their subnets may overlap on purpose.

    Why it matters:
        The engine refuses such a network ("networks have overlapping IPv4"), so the database was changed by something else: a
        restored file, or a merge of two hosts. The engine starts with it, but allocates the subnet to one of the networks only:
        containers of the other one do not start ("invalid pool id"). The host has two routes to one subnet, and running
        containers of one network get no answers.

    How it is fixed:
        Manually: remove the network that no container uses, then restart the engine, which allocates the subnet at its start. If
        both are in use, create one of them again with another subnet.

    References:
        moby/moby: daemon/libnetwork/drivers/bridge/bridge_linux.go (Conflicts)
        https://github.com/moby/moby/issues/46756
    """
    if networks.gaps:
        return
    for one, other, common in _overlaps(networks):
        pair = sorted((one, other), key=lambda network: network.name)
        names = _named(*pair)
        used = _used(networks, containers)
        unused = tuple(
            name for name, network in zip(names, pair, strict=True) if not network.is_default and network.id not in used
        )
        yield _finding(networks, names, (one, other), common, unused)


def _overlaps(networks: Networks) -> Iterator[tuple[Network, Network, tuple[str, str]]]:
    """Yield two networks with their subnets that overlap, each pair once."""
    ranges = sorted(
        (subnet.version, int(subnet.network_address), int(subnet.broadcast_address), number, text)
        for number, network in enumerate(networks.bridges)
        if network.addresses_bridge
        for text in (*network.subnets, *network.subnets6)
        if not (subnet := ip_network(text, strict=False)).is_link_local
    )
    found: dict[tuple[int, int], tuple[str, str]] = {}
    for index, widest in enumerate(ranges):
        for later in ranges[index + 1 :]:
            if later[0] != widest[0] or later[1] > widest[2]:
                break
            if later[3] != widest[3]:
                found.setdefault((widest[3], later[3]), (widest[4], later[4]))
    bridges = networks.bridges
    for (one, other), common in found.items():
        if (other, one) not in found or one < other:
            yield bridges[one], bridges[other], common


def _used(networks: Networks, containers: Containers | Missing) -> set[str]:
    """Return ids of the networks that a container has, running or not; all if the containers were not read."""
    if isinstance(containers, Missing):
        return {network.id for network in networks.items}
    attached = [attachment for container in containers.items for attachment in container.networks]
    used = {attachment.network_id for attachment in attached} | {one.network_id for one in networks.endpoints}
    named = {attachment.name for attachment in attached if not attachment.network_id}
    return used | {network.id for network in networks.items if network.name in named}


def _named(one: Network, other: Network) -> tuple[str, str]:
    """Return names by which the engine finds them; the ids of two with the same name."""
    return (one.id[:12], other.id[:12]) if one.name == other.name else (one.name, other.name)


def _finding(
    networks: Networks,
    names: tuple[str, str],
    pair: tuple[Network, Network],
    common: tuple[str, str],
    unused: tuple[str, ...],
) -> Finding:
    return Finding(
        subject=Subject("network", " and ".join(names)),
        message=(
            f"the subnets of networks {names[0]} and {names[1]} overlap: containers of one of them do not start, or get no answers"
        ),
        evidence=(
            *(
                Evidence(networks.source, f"network {network.name}: {subnet} on {network.bridge}")
                for network, subnet in zip(pair, common, strict=True)
            ),
            Evidence("containers", f"none has {', '.join(unused)}" if unused else "both networks are in use"),
        ),
        detail=NetworksOverlap(names=names, unused=unused),
    )
