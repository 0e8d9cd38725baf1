"""Settings that few know: how often neighbours are asked, how long connections are known, packets by type of service."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import BY_NAME, HOST, NEXT_HOP, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.ipt_rules import tool_of
from tests.hosts.paths.oddities.registry import oddity
from tests.hosts.paths.oddities.routing import tool


@oddity("sysctl/neighbours", 2)
def neighbours(random: Random) -> Iterator[Change]:
    """Neighbours are asked more or less often than usual, or not at all."""
    version = pool.version_of(random)
    place = random.choice((HOST, HOST, HOST, *BY_NAME))
    device = "eth0" if place != HOST else random.choice((UPLINK, "docker0", "docker0", "br-app"))
    key, values = random.choice(
        (
            ("mcast_solicit", "0012"),
            ("mcast_solicit", "0"),
            ("ucast_solicit", "0"),
            ("app_solicit", "1"),
            ("delay_first_probe_time", "1"),
            ("unres_qlen_bytes", "0"),
            ("mcast_resolicit", "2"),
        )
    )
    lines = [f"ipv{version}/neigh/{device}/{key} {random.choice(values)}"]
    if key == "mcast_solicit" and random.random() < 0.3:
        lines.append(f"ipv{version}/neigh/{device}/app_solicit {random.choice('01')}")
    yield Change(place, "sysctl", "\n".join(lines))
    if random.random() < 0.4:
        yield Change(place, "ip", f"neigh flush dev {device}")


@oddity("sysctl/timeouts", 0.5)
def timeouts(random: Random) -> Iterator[Change]:
    """Connections are forgotten early, at once, or late."""
    key = random.choice(
        (
            "nf_conntrack_tcp_timeout_syn_sent",
            "nf_conntrack_tcp_timeout_syn_recv",
            "nf_conntrack_tcp_timeout_established",
            "nf_conntrack_udp_timeout",
            "nf_conntrack_udp_timeout",
            "nf_conntrack_udp_timeout_stream",
            "nf_conntrack_icmp_timeout",
            "nf_conntrack_icmpv6_timeout",
        )
    )
    yield Change(HOST, "sysctl", f"netfilter/{key} {random.choice((0, 0, 0, 5, 600))}")


@oddity("rule/type-of-service", 1)
def type_of_service(random: Random) -> Iterator[Change]:
    """Packets get a type of service, and a rule of routing goes by it."""
    version = pool.version_of(random)
    value = random.choice((0x10, 0x08, 0x04, 0x20, 0xB8))
    how = random.choice((f"TOS --set-tos {value:#x}/0xff", f"DSCP --set-dscp {value >> 2:#x}"))
    where = random.choice(("PREROUTING", "PREROUTING -i docker0", "OUTPUT", "FORWARD"))
    yield Change(HOST, tool_of(random, version), f"*mangle\n-A {where} -j {how}\nCOMMIT")
    asked = random.choice((value, value, 0x10)) & 0x1C
    action = random.choice(("blackhole", "prohibit", "lookup 97"))
    yield Change(HOST, tool(version), f"rule add tos {asked:#x} {action} pref 140")
    if action == "lookup 97":
        hop = random.choice(
            (f"default via {NEXT_HOP[version]} dev {UPLINK}", "unreachable default", "blackhole default")
        )
        yield Change(HOST, tool(version), f"route add {hop} table 97")
