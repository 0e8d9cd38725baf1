"""Strict reverse path filtering drops packets that arrive by an unexpected way."""

from collections.abc import Iterator
from dataclasses import dataclass

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.links import Link, Links
from doctor.facts.networks import Networks
from doctor.facts.sysctl import Sysctl, interface_key


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictFilter:
    """For the fixer: the key of the interface."""

    key: str


@check(
    severity=Severity.WARNING,
    breaks=("egress", "port"),
    causes=("network/subnet-overlap-route", "network/bridge-stale-same-subnet"),
    ok="no reverse path filter drops containers' packets",
)
def rp_filter_strict(networks: Networks, links: Links, sysctl: Sysctl) -> Iterator[Finding]:
    """Reverse path filtering is strict on a bridge whose containers the host reaches by another way, so packets are dropped.

    What it looks at:
        For each network, the bigger of net.ipv4.conf.all.rp_filter and that of its bridge (the kernel takes the maximum), and
        whether the route back to its containers leaves by that bridge. The value alone is no fault: 1 is the default of
        many distributions, and harmless while routes are symmetrical. Hosts with policy routing are not judged.

    Why it matters:
        A packet whose answer would leave by another interface is dropped without a word; only a counter
        (TcpExtIPReversePathFilter) tells.

    How it is fixed:
        The bridge's own value is set to 2 (loose), now and in sysctl.d: 2 wins over 1, so "all" can stay.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    if links.has_policy:
        return
    everywhere = sysctl.number("net.ipv4.conf.all.rp_filter") or 0
    own = dict(sysctl.interfaces("rp_filter"))
    for network in networks.bridges:
        link = links.link(network.bridge)
        if link is None or not link.is_up or max(everywhere, own.get(link.name, 0)) != 1:
            continue
        for endpoint in networks.running:
            if endpoint.network_id != network.id or not endpoint.ip:
                continue
            back = links.best(endpoint.ip)
            if back is not None and back.device != link.name:
                yield _finding(link, endpoint.container, endpoint.ip, back.device)
                break


def _finding(link: Link, container: str, address: str, device: str) -> Finding:
    return Finding(
        subject=Subject("interface", link.name),
        message=(
            f"packets of containers on {link.name} are dropped: reverse path filtering is strict there, "
            f"and the way back to {container} ({address}) leaves by {device}"
        ),
        evidence=(
            Evidence(f"/proc/sys/net/ipv4/conf/{{all,{link.name}}}/rp_filter", "1 (strict)"),
            Evidence("ip route", f"{address} leaves by {device}"),
        ),
        detail=StrictFilter(key=interface_key(link.name, "rp_filter")),
    )
