"""Changes inside a container's namespace, and outside."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import BY_NAME, HOST_ADDRESS, OUTSIDE, TARGET, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.ipt_rules import matches, tool_of
from tests.hosts.paths.oddities.registry import oddity
from tests.hosts.paths.oddities.routing import DEAD, tool


@oddity("inside/route", 3)
def route(random: Random) -> Iterator[Change]:
    """The routes of a container."""
    version, name = pool.version_of(random), pool.container(random)
    one = BY_NAME[name]
    other = one.address[version][:-1] + random.choice("349")
    yield Change(
        name,
        tool(version),
        random.choice(
            (
                "route del default",
                f"route replace default via {other}",
                f"route add {random.choice(DEAD)} {TARGET[version]}",
                f"route add {random.choice(DEAD)} {pool.network(random, version)}",
                f"rule add to {TARGET[version]} prohibit pref 10",
                f"rule add ipproto tcp dport {pool.port(random)} blackhole pref 10",
                f"route replace default via {one.bridge.gateway[version]} src {one.address[version]}",
                "route replace default dev eth0",
                f"route replace default via {one.bridge.gateway[version]} dev eth0 mtu lock 600",
            )
        ),
    )


@oddity("inside/address", 2)
def address(random: Random) -> Iterator[Change]:
    """The addresses of a container."""
    version, name = pool.version_of(random), pool.container(random)
    own, length = BY_NAME[name].address[version], 16 if version == 4 else 64
    twin = BY_NAME["bb" if name != "bb" else "aa"].address[version]
    tail = " nodad" * (version == 6)
    yield Change(
        name,
        "ip",
        random.choice(
            (
                f"addr del {own}/{length} dev eth0",
                f"addr add {own[:-1]}9/{length} dev eth0{tail}",
                f"addr add {twin}/{length} dev eth0{tail}",
                f"addr add {TARGET[version]} dev lo",
                f"addr add {HOST_ADDRESS[version]} dev lo",
            )
        ),
    )


@oddity("inside/link", 3)
def link(random: Random) -> Iterator[Change]:
    """The link of a container."""
    name = pool.container(random)
    yield Change(
        name,
        "ip",
        random.choice(
            (
                "link set dev eth0 down",
                "link set dev lo down",
                "link set dev eth0 mtu 1400",
                "link set dev eth0 mtu 1000",
                "link set dev eth0 arp off",
                f"link set dev eth0 address 02:42:00:00:01:{random.randint(16, 99)}",
                "link set dev eth0 multicast off",
            )
        ),
    )


@oddity("inside/sysctl", 3)
def sysctl(random: Random) -> Iterator[Change]:
    """The settings of a container."""
    name = pool.container(random)
    yield Change(
        name,
        "sysctl",
        random.choice(
            (
                "ipv6/conf/all/disable_ipv6 1",
                "ipv6/conf/eth0/disable_ipv6 1",
                "ipv4/icmp_echo_ignore_all 1",
                "ipv4/conf/all/rp_filter 1",
                "ipv4/conf/eth0/rp_filter 1",
                f"ipv4/conf/all/arp_ignore {random.choice('128')}",
                f"ipv4/conf/eth0/arp_ignore {random.choice('128')}",
                "ipv4/ip_default_ttl 1",
                "ipv4/ip_default_ttl 2",
                "ipv4/ip_forward 1",
                "ipv4/conf/all/accept_local 1",
                "ipv6/conf/eth0/accept_ra 1",
                "ipv4/conf/eth0/arp_filter 1",
            )
        ),
    )


@oddity("inside/rules", 4)
def rules(random: Random) -> Iterator[Change]:
    """Rules that a program in a container made."""
    version, name = pool.version_of(random), pool.container(random)
    table, chain = random.choice(
        (("filter", "INPUT"), ("filter", "OUTPUT"), ("raw", "PREROUTING"), ("mangle", "OUTPUT"))
    )
    lines = []
    for _ in range(random.randint(1, 2)):
        match = matches(random, chain, version)
        for word in ("vaa", "vbb", "vcc", "docker0", "br-app", UPLINK):
            match = match.replace(f" {word}", " eth0")
        lines.append(f"-A {chain} {match} -j {random.choice(('DROP', 'DROP', 'ACCEPT'))}")
    policy = [f":{chain} {random.choice(('ACCEPT', 'ACCEPT', 'DROP'))} [0:0]"]
    yield Change(name, tool_of(random, version), "\n".join([f"*{table}", *policy, *lines, "COMMIT"]))


@oddity("inside/nft", 2)
def nft(random: Random) -> Iterator[Change]:
    """A table of nft in a container."""
    name = pool.container(random)
    hook = random.choice(("input", "output"))
    version = pool.version_of(random)
    match = random.choice(
        (
            f"{pool.family(version)} {'saddr' if hook == 'input' else 'daddr'} {pool.place(random, version)}",
            f"tcp dport {pool.port(random)}",
            "ct state invalid",
            "meta l4proto icmp",
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }",
        )
    )
    head = f"type filter hook {hook} priority 0; policy accept;"
    yield Change(
        name,
        "nft",
        f"table inet own {{ chain c {{ {head}\n{match} {random.choice(('drop', 'reject', 'accept'))}\n}}\n}}\n",
    )


@oddity("inside/neighbour")
def neighbour(random: Random) -> Iterator[Change]:
    """A neighbour entry in a container."""
    version, name = pool.version_of(random), pool.container(random)
    one = BY_NAME[name]
    target = random.choice((one.bridge.gateway[version], one.address[version][:-1] + "3"))
    mac = random.choice(("02:00:00:00:00:99", f"@{one.bridge.name}"))
    yield Change(name, "ip", f"neigh replace {target} lladdr {mac} dev eth0 nud permanent")


@oddity("outside/any")
def outside(random: Random) -> Iterator[Change]:
    """The next hop knows the containers' networks, or asks the host for all."""
    version = pool.version_of(random)
    yield Change(
        OUTSIDE,
        tool(version),
        random.choice(
            (
                f"route add {BY_NAME['aa'].bridge.subnet[version]} via {HOST_ADDRESS[version]} advmss 1440",
                f"route add {BY_NAME['aa'].bridge.subnet[version]} via {HOST_ADDRESS[version]} advmss 1440",
                f"route add default via {HOST_ADDRESS[version]} advmss 1440",
            )
        ),
    )
