"""A network's fixed source address is on no interface of the host."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.details import SourceGone
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Network, Networks

_OPTIONS = {4: "com.docker.network.host_ipv4", 6: "com.docker.network.host_ipv6"}


@check(
    severity=Severity.WARNING,
    detail=SourceGone,
    breaks=("egress", "dns"),
    ok="the host has every fixed source address of the engine's networks",
)
def source_address_gone(networks: Networks, links: Links) -> Iterator[Finding]:
    """Outgoing packets of a network get a fixed source address that no interface of this host has, so no answers arrive.

    What it looks at:
        The options com.docker.network.host_ipv4 and host_ipv6 of each bridge network with running containers, against the
        addresses of all interfaces.

    Why it matters:
        The engine translates the network's packets to this address whether the host has it or not. After a new lease, a move to another
        host or provider, or a removed second address, each packet leaves and no answer finds the way back. The engine's rules look
        as they should.

    How it is fixed:
        Manually: give the address to the uplink again, or create the network again without the option or with an
        address that the host has. Waive the finding where the network outside routes the address to this host.

    References:
        https://docs.docker.com/engine/network/drivers/bridge/#options
    """
    used = {endpoint.network_id for endpoint in networks.running}
    held = {one.address for link in links.links for one in link.addresses}
    for network in networks.bridges:
        if network.id not in used or network.internal or not network.masquerade:
            continue
        for version, address in ((4, network.host_ip), (6, network.host_ip6)):
            if address and address not in held and network.subnets_of(version):
                yield _finding(network, version, address, links)


def _finding(network: Network, version: int, address: str, links: Links) -> Finding:
    uplinks = links.uplinks()
    return Finding(
        subject=Subject("network", network.name),
        message=f"packets of network {network.name} leave with the source {address}, which no interface of this host has: no answers arrive",
        evidence=(Evidence("docker network inspect", f"{_OPTIONS[version]}={address}"),),
        detail=SourceGone(
            network=network.name, address=address, uplink=uplinks[0].name if uplinks else "", version=version
        ),
    )
