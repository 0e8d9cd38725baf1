"""firewalld rejects containers' packets."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLink
from doctor.facts.firewall.cuts import NFT, TrafficCuts
from doctor.facts.firewall.files import FirewallFiles


@check(severity=Severity.CRITICAL, detail=OfLink, breaks=("egress", "dns"), ok="firewalld accepts containers' packets")
def firewalld_no_docker_zone(cuts: TrafficCuts, files: FirewallFiles) -> Iterator[Finding]:
    """A Docker bridge is in no firewalld zone that accepts its traffic, so firewalld rejects its containers' packets.

    What it looks at:
        Ordinary packets are followed through the forward chain of ``table inet firewalld`` in the output of ``nft -j list``,
        and the zone files in /etc/firewalld/zones are searched for the bridge.

    Why it matters:
        Containers get "No route to host" for everything outside, while published ports answer. dockerd registers its bridges
        with firewalld over D-Bus when it starts; a firewalld that was installed or reset later does not know them.

    How it is fixed:
        Manually: add the bridge to firewalld's zone "docker" and reload. dockerd then recreates its rules.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#integration-with-firewalld
    """
    for cut in cuts.at(NFT):
        if cut.table != "inet firewalld":
            continue
        for bridge, network in zip(cut.bridges, cut.networks, strict=True):
            zone = files.firewalld_interfaces.get(bridge)
            yield Finding(
                subject=Subject("network", network),
                message=f"{bridge} is in no firewalld zone that accepts its traffic: firewalld rejects packets of network {network}",
                evidence=(
                    Evidence("nft list table inet firewalld", cut.rule),
                    Evidence("/etc/firewalld/zones", f"{bridge} in zone {zone}" if zone else f"{bridge} is in no file"),
                ),
                detail=OfLink(name=bridge),
            )
