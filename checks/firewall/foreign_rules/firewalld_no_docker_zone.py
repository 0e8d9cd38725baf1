"""firewalld rejects what containers send."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLink
from doctor.facts.firewall.cuts import NFT, TrafficCuts
from doctor.facts.firewall.files import FirewallFiles


@check(
    severity=Severity.CRITICAL, detail=OfLink, breaks=("egress", "dns"), ok="firewalld lets containers' packets through"
)
def firewalld_no_docker_zone(cuts: TrafficCuts, files: FirewallFiles) -> Iterator[Finding]:
    """A Docker bridge is in none of the zones of firewalld, which rejects its containers' packets.

    What it looks at:
        Ordinary packets are walked through the forward chain of ``table inet firewalld`` as ``nft -j list`` shows it, and
        the zone files in /etc/firewalld/zones are searched for the bridge.

    Why it matters:
        Containers get "No route to host" for everything outside, while published ports answer. dockerd registers its
        bridges with firewalld over D-Bus when it starts; a firewalld that was installed or reset later does not know them.

    How it is fixed:
        By a person: put the bridge into firewalld's zone "docker" and reload. dockerd then makes its rules again by itself.

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
                message=f"firewalld rejects what containers of network {network!r} send: {bridge} is in no zone that lets it",
                evidence=(
                    Evidence("nft list table inet firewalld", cut.rule),
                    Evidence(
                        "/etc/firewalld/zones", f"{bridge} in zone {zone}" if zone else f"{bridge} is named nowhere"
                    ),
                ),
                detail=OfLink(name=bridge),
            )
