"""Settings beneath /proc/sys/net of the host, and of bridges and their ports."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import HOST, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.registry import oddity


def _device(random: Random) -> str:
    return random.choice(("all", "docker0", "docker0", "br-app", UPLINK, UPLINK, "default", "lo"))


@oddity("sysctl/forwarding", 3)
def forwarding(random: Random) -> Iterator[Change]:
    """Forwarding is off: of all, of a version, of a device."""
    yield Change(
        HOST,
        "sysctl",
        random.choice(
            (
                "ipv4/ip_forward 0",
                f"ipv4/conf/{_device(random)}/forwarding 0",
                f"ipv6/conf/{_device(random)}/forwarding 0",
                f"ipv4/conf/all/forwarding 0\nipv4/conf/{_device(random)}/forwarding 1",
            )
        ),
    )


@oddity("sysctl/device4", 4)
def device4(random: Random) -> Iterator[Change]:
    """A setting of a device for IPv4."""
    key, values = random.choice(
        (
            ("rp_filter", "012"),
            ("rp_filter", "1"),
            ("arp_ignore", "1238"),
            ("arp_announce", "12"),
            ("arp_filter", "1"),
            ("accept_local", "1"),
            ("route_localnet", "1"),
            ("proxy_arp", "1"),
            ("send_redirects", "0"),
            ("accept_redirects", "01"),
            ("src_valid_mark", "1"),
            ("drop_unicast_in_l2_multicast", "1"),
            ("log_martians", "1"),
            ("disable_policy", "1"),
            ("arp_accept", "1"),
            ("bc_forwarding", "1"),
            ("medium_id", "12"),
            ("tag", "7"),
        )
    )
    yield Change(HOST, "sysctl", f"ipv4/conf/{_device(random)}/{key} {random.choice(values)}")


@oddity("sysctl/device6", 2)
def device6(random: Random) -> Iterator[Change]:
    """A setting of a device for IPv6."""
    key, value = random.choice(
        (
            ("disable_ipv6", "1"),
            ("disable_ipv6", "1"),
            ("accept_ra", "2"),
            ("accept_source_route", "-1"),
            ("hop_limit", "1"),
            ("ndisc_notify", "1"),
            ("drop_unsolicited_na", "1"),
            ("proxy_ndp", "1"),
            ("addr_gen_mode", "1"),
        )
    )
    yield Change(HOST, "sysctl", f"ipv6/conf/{_device(random)}/{key} {value}")


@oddity("sysctl/global", 2)
def everywhere(random: Random) -> Iterator[Change]:
    """A setting of the whole namespace."""
    yield Change(
        HOST,
        "sysctl",
        random.choice(
            (
                "ipv4/icmp_echo_ignore_all 1",
                "ipv6/icmp/echo_ignore_all 1",
                "ipv4/ip_default_ttl 1",
                "ipv4/ip_default_ttl 200",
                "ipv4/ip_nonlocal_bind 1",
                "ipv4/tcp_ecn 1",
                "ipv4/tcp_timestamps 0",
                "ipv4/ip_no_pmtu_disc 1",
                "ipv4/ip_early_demux 0",
                "ipv4/fwmark_reflect 1",
                "ipv4/tcp_fwmark_accept 1",
                "ipv6/bindv6only 1",
                "netfilter/nf_conntrack_tcp_be_liberal 1",
                "netfilter/nf_conntrack_tcp_loose 0",
                "ipv4/ip_local_port_range 40000 41000",
            )
        ),
    )


@oddity("sysctl/bridge-nf", 4)
def bridge_nf(random: Random) -> Iterator[Change]:
    """Whether bridged packets pass the rules of IP."""
    yield Change(
        HOST,
        "sysctl",
        random.choice(
            (
                "bridge/bridge-nf-call-iptables 0",
                "bridge/bridge-nf-call-iptables 0\nbridge/bridge-nf-call-ip6tables 0",
                "bridge/bridge-nf-call-ip6tables 0",
                "bridge/bridge-nf-call-arptables 0",
            )
        ),
    )


@oddity("bridge/port", 4)
def port(random: Random) -> Iterator[Change]:
    """A setting of one or two ports."""
    setting = random.choice(
        (
            "isolated on",
            "isolated on",
            "hairpin on",
            "learning off",
            "flood off",
            "mcast_flood off",
            "bcast_flood off",
            "neigh_suppress on",
            "state 0",
            "state 4",
            "state 1",
            "state 2",
            "locked on",
            "guard on",
        )
    )
    for dev in random.choice((("vaa",), ("vbb",), ("vaa", "vbb"), ("vcc", "vdd"), (pool.veth(random),))):
        yield Change(HOST, "bridge", f"link set dev {dev} {setting}")


@oddity("bridge/itself", 2)
def itself(random: Random) -> Iterator[Change]:
    """A setting of a bridge."""
    setting = random.choice(
        (
            "ageing_time 0",
            "mcast_snooping 0",
            "nf_call_iptables 1",
            "nf_call_ip6tables 1",
            "nf_call_arptables 1",
            "group_fwd_mask 8",
            "mcast_querier 1",
            "priority 100",
        )
    )
    yield Change(HOST, "ip", f"link set dev {pool.bridge_name(random)} type bridge {setting}")


@oddity("bridge/fdb")
def fdb(random: Random) -> Iterator[Change]:
    """An entry of the forwarding table that is wrong, or odd and harmless."""
    dev = random.choice(("vaa", "vbb"))
    mac = random.choice(("@aa", "@bb", "02:00:00:00:00:99", "@docker0"))
    kind = random.choice(("master static", "master", "master permanent"))
    yield Change(HOST, "bridge", f"fdb replace {mac} dev {dev} {kind}")
