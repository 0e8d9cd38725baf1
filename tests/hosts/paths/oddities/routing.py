"""Routes and rules of routing on the host."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import APP, BRIDGES, DOCKER0, HOST, NEXT_HOP, TARGET, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.registry import oddity

DEAD = ("blackhole", "prohibit", "unreachable", "throw")


def _width(address: str, version: int) -> str:
    return address if "/" in address else f"{address}/{32 if version == 4 else 128}"


def tool(version: int) -> str:
    """`ip` or `ip -6` in batch mode."""
    return "ip" if version == 4 else "ip6"


@oddity("route/dead", 4)
def dead(random: Random) -> Iterator[Change]:
    """A route that drops or refuses."""
    version = pool.version_of(random)
    target = _width(pool.place(random, version), version)
    yield Change(HOST, tool(version), f"route add {random.choice(DEAD)} {target}")


@oddity("route/default", 2)
def default(random: Random) -> Iterator[Change]:
    """The default route is gone, or leads elsewhere."""
    version = pool.version_of(random)
    wrong = {4: "198.51.100.77", 6: "2001:db8:64::77"}[version]
    inner = BRIDGES[0].gateway[version][:-1] + "3"
    yield Change(
        HOST,
        tool(version),
        random.choice(
            (
                "route del default",
                f"route replace default via {wrong} dev {UPLINK}",
                f"route replace default via {inner} dev docker0",
                f"route replace default dev {UPLINK}",
                f"route add default via {inner} dev docker0 metric {random.choice((50, 2000))}",
                f"route replace default via {NEXT_HOP[version]} dev {UPLINK} mtu lock 600",
                f"route replace default via {NEXT_HOP[version]} dev {UPLINK} src {pool.address(random, version)}",
            )
        ),
    )


@oddity("route/subnet", 3)
def subnet(random: Random) -> Iterator[Change]:
    """The bridge's own route is gone or covered by a more special one."""
    version = pool.version_of(random)
    bridge = random.choice(BRIDGES)
    other = APP if bridge is DOCKER0 else DOCKER0
    half = {4: bridge.subnet[4].replace("/16", "/24"), 6: bridge.subnet[6].replace("/64", "/96")}[version]
    yield Change(
        HOST,
        tool(version),
        random.choice(
            (
                f"route del {bridge.subnet[version]} dev {bridge.name}",
                f"route add {half} dev {other.name}",
                f"route add {half} via {NEXT_HOP[version]} dev {UPLINK}",
                f"route add {half} dev {UPLINK}",
                f"route add {bridge.subnet[version]} dev {other.name} metric 5",
            )
        ),
    )


@oddity("route/vpn", 2)
def vpn(random: Random) -> Iterator[Change]:
    """A tunnel that nobody serves, with routes of its own."""
    version = pool.version_of(random)
    half = {4: ("0.0.0.0/1", "128.0.0.0/1"), 6: ("::/1", "8000::/1")}[version]
    target = random.choice(
        (
            half[0],
            half[1],
            pool.network(random, version),
            _width(TARGET[version], version),
            _width(NEXT_HOP[version], version),
        )
    )
    own = "10.8.0.2/24" if version == 4 else "fd00:8::2/64 nodad"
    yield Change(HOST, "ip", f"tuntap add dev tun0 mode tun\nlink set tun0 up\naddr add {own} dev tun0")
    yield Change(HOST, tool(version), f"route add {target} dev tun0")


@oddity("rule/random", 5)
def random_rule(random: Random) -> Iterator[Change]:
    """One rule of routing, and perhaps a route in its table."""
    version = pool.version_of(random)
    selectors = random.sample(
        (
            f"from {_width(pool.place(random, version), version)}",
            f"to {_width(pool.place(random, version), version)}",
            f"iif {pool.device(random)}",
            f"fwmark {pool.mark(random)}",
            "ipproto tcp",
            "ipproto udp",
            f"ipproto tcp dport {pool.port(random)}",
            f"not from {_width(pool.place(random, version), version)}",
            f"not fwmark {pool.mark(random)}",
            f"oif {pool.device(random)}",
        ),
        1,
    )
    action = random.choice(
        ("lookup 99", "lookup 99", "prohibit", "blackhole", "unreachable", "lookup main", "goto 32766")
    )
    if random.random() < 0.15:
        action = "lookup main suppress_prefixlength 0"
    yield Change(
        HOST, tool(version), f"rule add {selectors[0]} {action} pref {random.choice((0, 100, 200, 32765, 33000))}"
    )
    if "99" in action and random.random() < 0.7:
        yield from _table_99(random, version)


def _table_99(random: Random, version: int) -> Iterator[Change]:
    yield Change(
        HOST,
        tool(version),
        random.choice(
            (
                f"route add default via {NEXT_HOP[version]} dev {UPLINK} table 99",
                "route add unreachable default table 99",
                "route add throw default table 99",
                f"route add {TARGET[version]} dev docker0 table 99",
                f"route add default dev {pool.bridge_name(random)} table 99",
                f"route add {DOCKER0.subnet[version]} dev docker0 table 99",
            )
        ),
    )


@oddity("rule/order")
def order(random: Random) -> Iterator[Change]:
    """The local table or the main one is looked up at another place, or no more."""
    version = pool.version_of(random)
    yield Change(
        HOST,
        tool(version),
        random.choice(
            (
                "rule add pref 300 lookup local\nrule del pref 0",
                "rule del pref 32766",
                "rule add pref 10 lookup main",
                "rule del pref 32767" if version == 4 else "rule add pref 10 lookup main",
            )
        ),
    )


@oddity("route/second-uplink", 2)
def second_uplink(random: Random) -> Iterator[Change]:
    """Another way out, that answers do not take: what reverse path filtering is there for."""
    strict = random.choice(("0", "1", "1", "2"))
    where = random.choice(("all", UPLINK, "docker0"))
    target = random.choice(("192.0.2.0/24", "198.51.100.2/32", "192.0.2.80/32"))
    yield Change(HOST, "ip", "link add eth1 type veth peer name eth1p\nlink set eth1 up\nlink set eth1p up")
    yield Change(HOST, "ip", f"addr add 203.0.113.1/24 dev eth1\nroute add {target} dev eth1")
    yield Change(HOST, "sysctl", f"ipv4/conf/{where}/rp_filter {strict}")
