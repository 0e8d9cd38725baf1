"""Links, addresses, neighbours, MTUs and queues of the host."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import BRIDGES, BY_NAME, DOCKER0, HOST, HOST_ADDRESS, NEXT_HOP, OUTSIDE, TARGET, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.registry import oddity


def _one(address: str) -> str:
    return f"{address}/32" if "." in address else f"{address}/128"


@oddity("link/state", 3)
def state(random: Random) -> Iterator[Change]:
    """A link is down, has no ARP, is promiscuous, has another name."""
    dev = random.choice((*[one.veth for one in BY_NAME.values()], "docker0", "br-app", UPLINK, "lo"))
    setting = random.choice(
        ("down", "down", "down", "arp off", "promisc on", "multicast off", "allmulticast on", "txqueuelen 10")
    )
    yield Change(HOST, "ip", f"link set dev {dev} {setting}")


@oddity("link/master", 2)
def master(random: Random) -> Iterator[Change]:
    """A port has left its bridge, or is at another one."""
    dev = pool.veth(random)
    yield Change(
        HOST,
        "ip",
        random.choice((f"link set dev {dev} nomaster", f"link set dev {dev} master {pool.bridge_name(random)}")),
    )


@oddity("link/renamed")
def renamed(random: Random) -> Iterator[Change]:
    """A port has another name; nothing else."""
    dev = pool.veth(random)
    yield Change(HOST, "ip", f"link set dev {dev} down\nlink set dev {dev} name x{dev}\nlink set dev x{dev} up")


@oddity("link/mac")
def mac(random: Random) -> Iterator[Change]:
    """A bridge got another address at run time."""
    yield Change(
        HOST,
        "ip",
        f"link set dev {random.choice((pool.bridge_name(random), UPLINK))} address 02:42:00:00:00:{random.randint(16, 99)}",
    )


@oddity("link/mtu", 3)
def mtu(random: Random) -> Iterator[Change]:
    """A small MTU: small packets pass, but IPv6 leaves a link below 1280."""
    dev = random.choice(("vaa", "vcc", "docker0", "br-app", UPLINK, UPLINK))
    yield from mtu_of(dev, random.choice((1400, 1280, 1279, 576, 68, 9000)))


def mtu_of(dev: str, value: int) -> Iterator[Change]:
    """Set an MTU; the network outside has that of the uplink."""
    yield Change(HOST, "ip", f"link set dev {dev} mtu {value}")
    if dev == UPLINK:
        yield Change(OUTSIDE, "ip", f"link set dev eth0 mtu {value}")


@oddity("address/gone", 2)
def gone(random: Random) -> Iterator[Change]:
    """An address has vanished."""
    version = pool.version_of(random)
    bridge = random.choice(BRIDGES)
    length = 16 if version == 4 else 64
    yield Change(
        HOST,
        "ip",
        random.choice(
            (
                f"addr del {bridge.gateway[version]}/{length} dev {bridge.name}",
                f"addr del {bridge.gateway[version]}/{length} dev {bridge.name}",
                f"addr flush dev {bridge.name}",
                f"addr del {HOST_ADDRESS[version]}/{24 if version == 4 else 64} dev {UPLINK}",
                f"addr flush dev {UPLINK}",
                "addr flush dev lo",
            )
        ),
    )


@oddity("address/more", 3)
def more(random: Random) -> Iterator[Change]:
    """An address too many: a container's, the target's, a second one of the bridge."""
    version = pool.version_of(random)
    address = random.choice(
        (pool.address(random, version), BY_NAME["aa"].address[version], TARGET[version], NEXT_HOP[version])
    )
    dev = random.choice((UPLINK, "docker0", "br-app", "lo"))
    yield Change(HOST, "ip", f"addr add {_one(address)} dev {dev}{' nodad' * (version == 6)}")


@oddity("address/second-bridge")
def second_bridge(random: Random) -> Iterator[Change]:
    """A stale bridge with the same subnet."""
    version = pool.version_of(random)
    length = 16 if version == 4 else 64
    yield Change(HOST, "ip", "link add br-stale type bridge\nlink set br-stale up")
    metric = random.choice(("", " metric 1"))
    yield Change(
        HOST, "ip", f"addr add {DOCKER0.gateway[version]}/{length} dev br-stale{' nodad' * (version == 6)}{metric}"
    )


@oddity("neighbour/wrong", 2)
def wrong_neighbour(random: Random) -> Iterator[Change]:
    """A permanent entry with the wrong or the right address, or one that proxies."""
    version = pool.version_of(random)
    one = random.choice(list(BY_NAME.values()))
    address, dev = random.choice(((one.address[version], one.bridge.name), (NEXT_HOP[version], UPLINK)))
    link = random.choice(("02:00:00:00:00:99", "02:00:00:00:00:99", f"@{one.name}", "@docker0"))
    kind = random.choice(("permanent", "permanent", "noarp", "reachable", "stale"))
    if dev == UPLINK and kind in {"reachable", "stale"}:
        # Nothing distinguishes it from an entry that the next hop itself gave: all that shows that somebody is there.
        kind = "permanent"
    yield Change(HOST, "ip", f"neigh replace {address} lladdr {link} dev {dev} nud {kind}")


@oddity("queue/any", 3)
def queue(random: Random) -> Iterator[Change]:
    """A queue that drops all, or one that is only unusual."""
    dev = random.choice((UPLINK, UPLINK, "docker0", "vaa", "vcc", "br-app"))
    yield Change(
        HOST,
        "tc",
        random.choice(
            (
                f"qdisc replace dev {dev} root pfifo limit 0",
                f"qdisc replace dev {dev} root blackhole",
                f"qdisc replace dev {dev} root pfifo limit 100",
                f"qdisc replace dev {dev} root bfifo limit 100000",
                f"qdisc replace dev {dev} root bfifo limit 10",
                f"qdisc replace dev {dev} root tbf rate {random.choice(('1gbit burst 1mb limit 1mb', '1mbit burst 20 limit 1000'))}",
                f"qdisc add dev {dev} clsact",
                f"qdisc replace dev {dev} root noqueue",
                f"qdisc replace dev {dev} root htb default 0",
                f"qdisc replace dev {dev} root htb default 1",
            )
        ),
    )


@oddity("link/more", 2)
def more_links(random: Random) -> Iterator[Change]:
    """Links of somebody else beside: a macvlan, a VXLAN, another bridge, a pair."""
    yield Change(
        HOST,
        "ip",
        random.choice(
            (
                f"link add mv0 link {UPLINK} type macvlan mode bridge\nlink set mv0 up\naddr add 198.51.100.40/24 dev mv0",
                f"link add iv0 link {UPLINK} type ipvlan\nlink set iv0 up",
                "link add vx0 type vxlan id 7 dstport 4789 dev uplink\nlink set vx0 up\naddr add 10.7.0.1/24 dev vx0",
                "link add br-new type bridge\nlink set br-new up\naddr add 172.19.0.1/16 dev br-new",
                "link add p0 type veth peer name p1\nlink set p0 up\nlink set p1 up\naddr add 10.6.0.1/24 dev p0",
                "link add vrf7 type vrf table 77\nlink set vrf7 up",
                f"link add vrf8 type vrf table 88\nlink set vrf8 up\nlink set {random.choice(('docker0', UPLINK))} master vrf8",
            )
        ),
    )
