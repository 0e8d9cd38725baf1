"""Routing that few hosts use: next hop objects, several next hops, rules by ports and users, routes by source."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import BRIDGES, DOCKER0, HOST, HOST_ADDRESS, HOST_PORT, NEXT_HOP, TARGET, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.registry import oddity
from tests.hosts.paths.oddities.routing import tool

_NOBODY = {4: "198.51.100.77", 6: "2001:db8:64::77"}


def _targets(version: int) -> tuple[str, ...]:
    return "default", "192.0.2.0/24" if version == 4 else "2001:db8:80::/48", BRIDGES[1].subnet[version]


@oddity("route/next-hop-object", 1.5)
def next_hop_object(random: Random) -> Iterator[Change]:
    """A route by a next hop object: the right one, a wrong one, a blackhole, a group."""
    version = pool.version_of(random)
    good = f"via {NEXT_HOP[version]} dev {UPLINK}"
    bad = f"via {_NOBODY[version]} dev {UPLINK}"
    objects = random.choice(
        (
            [f"id 7 {good}"],
            [f"id 7 {bad}"],
            ["id 7 blackhole"],
            ["id 7 dev docker0"],
            [f"id 5 {good}", "id 7 group 5"],
            [f"id 5 {good}", f"id 6 {bad}", "id 7 group 5/6"],
        )
    )
    for one in objects:
        # A group is of no family.
        yield Change(HOST, "ip" if "group" in one else tool(version), f"nexthop add {one}")
    target = random.choice(_targets(version))
    yield Change(HOST, tool(version), f"route replace {target} nhid 7{' metric 5' * (target != 'default')}")


@oddity("route/several-hops", 0.7)
def several_hops(random: Random) -> Iterator[Change]:
    """A route with several next hops: all good, or one that nobody answers at."""
    version = pool.version_of(random)
    good, bad = f"nexthop via {NEXT_HOP[version]} dev {UPLINK}", f"nexthop via {_NOBODY[version]} dev {UPLINK}"
    second = random.choice((bad, f"{bad} weight 200", f"nexthop dev {random.choice(('docker0', 'lo'))}", ""))
    yield Change(HOST, tool(version), f"route replace {random.choice(_targets(version)[:2])} {good} {second}")
    yield Change(HOST, "sysctl", f"ipv{version}/fib_multipath_hash_policy {random.choice('01')}")


@oddity("route/rare", 1.5)
def rare(random: Random) -> Iterator[Change]:
    """Routes of kinds that are seldom seen: local, by source, by type of service, with limits."""
    version = pool.version_of(random)
    length = 32 if version == 4 else 128
    target, gateway = f"{TARGET[version]}/{length}", f"via {NEXT_HOP[version]} dev {UPLINK}"
    common = [
        f"route add local {target} dev lo",
        f"route add local {pool.network(random, version)} dev lo table 77",
        f"route add {target} {gateway} mtu 1400 advmss 1000 initcwnd 2",
        f"route add {target} {gateway} mtu 200",
        f"route add {target} {gateway} onlink",
        f"route add {target} dev {UPLINK}",
    ]
    if version == 4:
        own = [
            f"route add {target} tos 0x10 via {_NOBODY[4]} dev {UPLINK}",
            f"route add broadcast {target} dev {UPLINK}",
            f"route add {target} via inet6 {NEXT_HOP[6]} dev {UPLINK}",
            f"route add default via {NEXT_HOP[4]} dev {UPLINK} metric 1 scope global",
        ]
    else:
        own = [
            f"route add unreachable {target} from {DOCKER0.subnet[6]}",
            f"route add blackhole 2001:db8:80::/48 from {BRIDGES[1].subnet[6]}",
            f"route add {target} from {DOCKER0.subnet[6]} {gateway}",
            f"route add {target} via {_NOBODY[6]} dev {UPLINK} pref {random.choice(('high', 'low'))} metric 1024",
        ]
    yield Change(HOST, tool(version), random.choice(common + own))


@oddity("rule/ports-and-users", 3)
def ports_and_users(random: Random) -> Iterator[Change]:
    """A rule of routing by ports, users, type of service, or two conditions."""
    version = pool.version_of(random)
    bridge = random.choice(BRIDGES)
    selector = random.choice(
        (
            "ipproto tcp dport 1-1023",
            "ipproto udp dport 53-5353",
            f"ipproto tcp sport {random.choice((80, 8080, HOST_PORT))}",
            "ipproto tcp sport 1024-65535",
            "ipproto tcp sport 30000-40000",
            "ipproto udp sport 53",
            "uidrange 0-0",
            "uidrange 1000-60000",
            f"uidrange 0-0 to {pool.place(random, version)}",
            f"from {bridge.subnet[version]} ipproto tcp dport 80",
            f"iif {bridge.name} ipproto udp",
            f"iif lo to {bridge.subnet[version]}",
            f"from {bridge.subnet[version]} to {TARGET[version]}",
            f"from {HOST_ADDRESS[version]} ipproto tcp",
            f"from {bridge.gateway[version]}",
            "tos 0x10",
            f"fwmark {pool.mark(random)}/0xff iif {pool.device(random)}",
        )
    )
    action = random.choice(("prohibit", "blackhole", "unreachable", "lookup 98", "lookup 98"))
    yield Change(HOST, tool(version), f"rule add {selector} {action} pref {random.choice((50, 150, 32765))}")
    if action == "lookup 98":
        yield Change(
            HOST,
            tool(version),
            random.choice(
                (
                    "route add blackhole default table 98",
                    f"route add default via {NEXT_HOP[version]} dev {UPLINK} table 98",
                    f"route add default via {_NOBODY[version]} dev {UPLINK} table 98",
                    f"route add {bridge.subnet[version]} dev {bridge.name} table 98",
                    "route add local default dev lo table 98",
                )
            ),
        )


@oddity("route/address-kinds", 1)
def address_kinds(random: Random) -> Iterator[Change]:
    """Addresses of unusual kinds: with a peer, deprecated, secondary, of another scope."""
    dev = random.choice((UPLINK, "docker0", "br-app"))
    yield Change(
        HOST,
        "ip",
        random.choice(
            (
                f"addr add 10.77.0.1 peer 10.77.0.2 dev {dev}",
                f"addr add 172.17.0.9 peer 172.17.0.2 dev {dev}",
                f"addr add 2001:db8:64::5/64 dev {dev} nodad preferred_lft 0",
                f"addr add 198.51.100.9/24 dev {dev} label {dev}:1",
                f"addr add 203.0.113.7/24 dev {dev} scope link",
                f"addr add 198.51.100.30/32 dev {dev} noprefixroute",
                f"addr change {HOST_ADDRESS[6]}/64 dev {UPLINK} preferred_lft 0 valid_lft 1000",
                f"neigh add proxy {TARGET[4]} dev docker0",
            )
        ),
    )


@oddity("queue/filter", 0.5)
def queue_filter(random: Random) -> Iterator[Change]:
    """A filter of tc that sends packets elsewhere, or matches nothing."""
    dev = random.choice((UPLINK, "docker0", "vaa", "br-app"))
    side = random.choice(("ingress", "egress"))
    match = random.choice(
        (f"ip dst {TARGET[4]}/32", "ip src 172.17.0.2/32", "ip protocol 6 0xff", "ip dst 10.9.9.9/32")
    )
    yield Change(
        HOST,
        "tc",
        f"qdisc add dev {dev} clsact\nfilter add dev {dev} {side} protocol ip prio 1 u32 match {match}"
        " action mirred egress redirect dev lo",
    )
