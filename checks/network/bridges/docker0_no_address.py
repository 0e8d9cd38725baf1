"""A bridge of the engine has no address."""

from collections.abc import Iterator
from ipaddress import ip_interface

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.kernel.sysctl import Sysctl, interface_key
from doctor.facts.network.details import WrongAddress
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.links import LEAST_MTU6, Link, Links
from doctor.facts.network.networks import Network, Networks
from doctor.facts.network.takers import taker_of

_ALL = "net.ipv6.conf.all.disable_ipv6"


@check(
    severity=Severity.ERROR,
    detail=WrongAddress,
    breaks=("egress", "port", "dns"),
    ends=("neighbour", "wrong-way", "wrong-route", "no-route", "no-default-route", "source-is-local", "ipv6-off"),
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
def docker0_no_address(
    networks: Networks, links: Links, sysctl: Sysctl | Missing, files: HostNetworkFiles | Missing
) -> Iterator[Finding]:
    """The bridge of a network has no IPv4 address, or not its IPv6 one, so its containers have no gateway.

    What it looks at:
        The addresses of the bridge of every bridge network, against the gateways that the engine recorded for it. Networks whose
        options ask for a bridge without one (gateway mode "isolated", ``inhibit_ipv4``) are left out. If it is missing: the files
        of netplan, systemd-networkd, NetworkManager, ifupdown and ifcfg that are for this interface, disable_ipv6, and the MTU: below 1280 the kernel disables IPv6.

    Why it matters:
        Containers send all packets to other networks through the gateway. Without it, they reach only each other, and published
        ports time out. The cause is often a network manager or a script that flushes interfaces.

    How it is fixed:
        The gateway's address is added to the bridge; the kernel then adds the connected route. If IPv6 is disabled on the bridge,
        it is enabled first, or the network's MTU set, as the engine does; if a file disables it, ``--choose`` asks. If a file of a network manager is
        for the bridge too, a file of doctor's own makes that program leave the engine's interfaces alone from the next boot on.

    References:
        https://man7.org/linux/man-pages/man8/ip-address.8.html
    """
    for network in networks.bridges:
        link = links.link(network.bridge)
        if link is None:
            continue
        taker = taker_of(files, link.name, (one.bridge for one in networks.bridges))
        # A kernel without IPv6 is judged by containers/no-ipv6.
        versions = (4,) if isinstance(sysctl, Missing) or sysctl.value(_ALL) is None else (4, 6)
        for version in versions:
            if gateway := _lost(network, link, version):
                key = interface_key(link.name, "disable_ipv6", family="ipv6")
                is_off = version == 6 and not isinstance(sysctl, Missing) and sysctl.number(key) == 1
                is_small = version == 6 and link.mtu < LEAST_MTU6 <= network.mtu
                detail = WrongAddress(
                    bridge=link.name,
                    address=gateway,
                    wrong=(),
                    taker=taker,
                    setting=key if is_off else "",
                    mtu=network.mtu if is_small else 0,
                    mtu_now=link.mtu,
                )
                yield _finding(networks, network, link, detail)


def _lost(network: Network, link: Link, version: int) -> str:
    """Return the gateway's address that a bridge lacks, "" for none. One with another IPv4 address has a check of its own."""
    if version == 4:
        return network.gateway if network.addresses_bridge and not link.ipv4 else ""
    if not network.ipv6 or not network.gateway6 or network.mode_of(6) == "isolated":
        return ""
    gateway = str(ip_interface(network.gateway6))
    return "" if link.has(gateway) else gateway


def _finding(networks: Networks, network: Network, link: Link, detail: WrongAddress) -> Finding:
    is_six = ":" in detail.address
    none = f"no address {detail.address}" if is_six else "no IPv4 address"
    off = f" ({detail.setting} is 1)" if detail.setting else ""
    off = f" (its MTU is {link.mtu}, IPv6 needs {LEAST_MTU6})" if detail.mtu else off
    return Finding(
        subject=Subject("network", f"{network.name} (IPv6)" if is_six else network.name),
        message=(
            f"the bridge {link.name} of network {network.name} has {none}{off}: its containers have no"
            f"{' IPv6' if is_six else ''} gateway"
        ),
        evidence=(
            Evidence("ip addr", f"{link.name}: {none}"),
            *((Evidence("sysctl", f"{detail.setting} = 1"),) if detail.setting else ()),
            Evidence(networks.source, f"gateway of {network.name}: {detail.address}"),
            Evidence("without a gateway", f"containers of {network.name}, and a new container on {link.name}"),
            *(() if detail.taker is None else (detail.taker.evidence,)),
        ),
        detail=detail,
    )
