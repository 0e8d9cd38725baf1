"""A bridge of the engine does not have its network's gateway address."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.network.details import WrongAddress
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.facts.network.takers import taker_of


@check(
    severity=Severity.ERROR,
    detail=WrongAddress,
    breaks=("egress", "port", "dns"),
    ends=("neighbour", "wrong-way", "no-route", "source-is-local"),
    ok="no bridge has another address in place of its gateway's",
)
def docker0_wrong_address(networks: Networks, links: Links, files: HostNetworkFiles | Missing) -> Iterator[Finding]:
    """The bridge of a network has other addresses but not its gateway's, so its containers reach nothing outside.

    What it looks at:
        The addresses of the bridge of every bridge network, against the gateway that the engine recorded for it. Additional
        addresses are not a fault. If it is missing: the files of netplan, systemd-networkd, NetworkManager, ifupdown and ifcfg
        that are for this interface.

    Why it matters:
        Containers send packets for other networks to the recorded gateway, which does not answer. dockerd restores the address
        at its start, but only if no container runs.

    How it is fixed:
        The recorded address is added first, then the others are removed, so that the bridge always has an address. If a file of
        a network manager is for the bridge too, a file of doctor's own makes that program leave the engine's interfaces alone
        from the next boot on.

    References:
        moby/moby: libnetwork/drivers/bridge/setup_ipv4_linux.go
    """
    for network in networks.bridges:
        link = links.link(network.bridge)
        if link is None or not network.gateway or not link.ipv4 or link.has(network.gateway):
            continue
        taker = taker_of(files, link.name, (one.bridge for one in networks.bridges))
        wrong = tuple(address.text for address in link.ipv4)
        yield Finding(
            subject=Subject("network", network.name),
            message=(
                f"the bridge {link.name} of network {network.name} has {', '.join(wrong)} instead of {network.gateway}: "
                f"its containers have no gateway"
            ),
            evidence=(
                Evidence("ip addr", f"{link.name}: {', '.join(wrong)}"),
                Evidence(networks.source, f"gateway of {network.name}: {network.gateway}"),
                Evidence("without a gateway", f"containers of {network.name}, and a new container on {link.name}"),
                *(() if taker is None else (taker.evidence,)),
            ),
            detail=WrongAddress(bridge=link.name, address=network.gateway, wrong=wrong, taker=taker),
        )
