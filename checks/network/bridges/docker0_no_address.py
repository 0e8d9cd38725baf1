"""A bridge of the engine has no address."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
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
    ok="every bridge has its network's gateway address",
    messages=(
        Message(
            pattern=r"(?:docker0|br-\w+)\b.{0,80}\b(?:lo+s(?:es|ing|t)|has no|without|no)\b.{0,40}\b(?:ipv?4? ?address|ip(?:v4)? ?ip\w*|ip)\b.*",
            example="docker0 interface keeps loosing IPv4 ipaddress",
            means="a program of the host, often systemd-networkd or NetworkManager, manages the engine's bridge and removes its address",
            do="exclude docker0, br-* and veth* from that program (Unmanaged=yes in a .network file), then restart the engine",
            also=("network/veth-detached", "network/docker0-wrong-address", "network/docker0-down"),
        ),
    ),
)
def docker0_no_address(networks: Networks, links: Links, files: HostNetworkFiles | Missing) -> Iterator[Finding]:
    """The bridge of a network has no IPv4 address, so its containers have no gateway.

    What it looks at:
        The addresses of the bridge of every bridge network, against the gateway that the engine recorded for it. Networks whose
        options ask for a bridge without one (gateway mode "isolated", ``inhibit_ipv4``) are left out. If it is missing: the files
        of netplan, systemd-networkd, NetworkManager, ifupdown and ifcfg that are for this interface.

    Why it matters:
        Containers send all packets to other networks through the gateway. Without it, they reach only each other, and published
        ports time out. The cause is often a network manager or a script that flushes interfaces.

    How it is fixed:
        The gateway's address is added to the bridge; the kernel then adds the connected route. If a file of a network manager is
        for the bridge too, a file of doctor's own makes that program leave the engine's interfaces alone from the next boot on.

    References:
        https://man7.org/linux/man-pages/man8/ip-address.8.html
    """
    for network in networks.bridges:
        link = links.link(network.bridge)
        if link is None or not network.gateway or link.ipv4 or not network.addresses_bridge:
            continue
        taker = taker_of(files, link.name, (one.bridge for one in networks.bridges))
        yield Finding(
            subject=Subject("network", network.name),
            message=f"the bridge {link.name} of network {network.name} has no IPv4 address: its containers have no gateway",
            evidence=(
                Evidence("ip addr", f"{link.name}: no IPv4 address"),
                Evidence(networks.source, f"gateway of {network.name}: {network.gateway}"),
                Evidence("without a gateway", f"containers of {network.name}, and a new container on {link.name}"),
                *(() if taker is None else (taker.evidence,)),
            ),
            detail=WrongAddress(bridge=link.name, address=network.gateway, wrong=(), taker=taker),
        )
