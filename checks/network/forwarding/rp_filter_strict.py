"""Strict reverse path filtering drops packets that arrive on a second uplink."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import Sysctl, interface_key
from doctor.facts.network.links import Link, Links, NetCounters
from doctor.facts.network.networks import Networks

COUNTER = "TcpExt.IPReversePathFilter"


@check(
    severity=Severity.WARNING,
    detail=OfSysctl,
    breaks=("port",),
    ends=("rp-filter",),
    ok="reverse path filtering drops no packets for published ports",
)
def rp_filter_strict(
    networks: Networks, links: Links, sysctl: Sysctl, counters: NetCounters | Missing
) -> Iterator[Finding]:
    """Reverse path filtering drops packets that arrive on a second uplink, so published ports don't answer there.

    What it looks at:
        Interfaces with a global address but without a default route whose effective rp_filter is 1 (the kernel uses the larger of
        net.ipv4.conf.all.rp_filter and the interface's), and the kernel's counter of dropped packets. Nothing is reported
        without dropped packets, with a single uplink, without published ports or with policy routing: 1 is the default of many
        distributions, and harmless with symmetric routes.

    Why it matters:
        The kernel drops a packet if the reply would leave by another interface. No log shows it.

    How it is fixed:
        The interface's value is set to 2 (loose), now and in sysctl.d. The larger value is effective, so "all" need not change.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    dropped = counters.values.get(COUNTER, 0) if isinstance(counters, NetCounters) else 0
    outer, uplinks = links.outer(), links.uplinks()
    if not dropped or links.has_policy or not uplinks or len(outer) < 2 or not any(networks.published()):
        return
    everywhere = sysctl.number("net.ipv4.conf.all.rp_filter") or 0
    own = dict(sysctl.interfaces("rp_filter"))
    for link in outer:
        if link not in uplinks and max(everywhere, own.get(link.name, 0)) == 1:
            yield _finding(link, uplinks[0], dropped)


def _finding(link: Link, uplink: Link, dropped: int) -> Finding:
    return Finding(
        subject=Subject("interface", link.name),
        message=(
            f"reverse path filtering of {link.name} is strict, but replies leave by {uplink.name}: "
            f"published ports don't answer clients that connect through {link.name}"
        ),
        evidence=(
            Evidence(f"/proc/sys/net/ipv4/conf/{{all,{link.name}}}/rp_filter", "1 (strict)"),
            Evidence("/proc/net/netstat", f"IPReversePathFilter: {dropped} packets dropped"),
            Evidence("ip route", f"default dev {uplink.name}"),
        ),
        detail=OfSysctl(key=interface_key(link.name, "rp_filter")),
    )
