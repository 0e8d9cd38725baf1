"""Small MTUs, and what keeps their senders from learning them; rules and settings about the size of packets."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import CONTAINERS, HOST, NEXT_HOP, TARGET, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.ipt_rules import tool_of
from tests.hosts.paths.oddities.links import mtu_of
from tests.hosts.paths.oddities.registry import oddity
from tests.hosts.paths.oddities.routing import tool

_SYN = "-p tcp -m tcp --tcp-flags SYN,RST SYN"


@oddity("mtu/uplink", 4)
def uplink(random: Random) -> Iterator[Change]:
    """The uplink takes less than containers send, and perhaps nobody learns it."""
    version = pool.version_of(random)
    if random.random() < 0.7:
        yield from mtu_of(UPLINK, random.choice((1450, 1400, 1300, 1280)))
    else:
        via = f"via {NEXT_HOP[version]} dev {UPLINK}"
        target = random.choice(("default", f"{TARGET[version]}/{32 if version == 4 else 128}"))
        lock = random.choice(("", "lock "))
        yield Change(HOST, tool(version), f"route replace {target} {via} mtu {lock}{random.choice((1400, 1300))}")
    yield from random.choice((_nothing, _silenced, _silenced, _clamped, _unlearned))(random, version)


def _nothing(_random: Random, _version: int) -> Iterator[Change]:
    return iter(())


def _silenced(random: Random, version: int) -> Iterator[Change]:
    """Rules against ICMP."""
    icmp = "icmp" if version == 4 else "ipv6-icmp"
    # Without all of ICMPv6 nobody finds a neighbour: that is another fault.
    kinds = ("", "", " -m icmp --icmp-type 3/4") if version == 4 else ("", *(" -m icmp6 --icmpv6-type 2",) * 3)
    kind = random.choice(kinds)
    on_host = ((HOST, chain) for chain in ("filter OUTPUT", "mangle POSTROUTING", "filter INPUT", "filter FORWARD"))
    inside = ((name, "filter INPUT") for name in ("aa", "aa", "cc", "cc"))
    place, chain = random.choice((*on_host, *inside))
    table, _, name = chain.partition(" ")
    yield Change(place, tool_of(random, version), f"*{table}\n-A {name} -p {icmp}{kind} -j DROP\nCOMMIT")


def _clamped(random: Random, version: int) -> Iterator[Change]:
    """A rule that sets the size of TCP's packets, for all or for some."""
    how = random.choice(("--clamp-mss-to-pmtu", "--clamp-mss-to-pmtu", "--set-mss 1200", "--set-mss 1420"))
    where = random.choice(
        ("FORWARD", "FORWARD", f"FORWARD -o {UPLINK}", f"POSTROUTING -o {UPLINK}", "FORWARD -i docker0")
    )
    yield Change(HOST, tool_of(random, version), f"*mangle\n-A {where} {_SYN} -j TCPMSS {how}\nCOMMIT")
    yield from _silenced(random, version)


def _unlearned(random: Random, _version: int) -> Iterator[Change]:
    """A container that does not learn MTUs, or finds them out by itself."""
    name = pool.container(random)
    setting = random.choice(("ipv4/ip_no_pmtu_disc 1", "ipv4/ip_no_pmtu_disc 2", "ipv4/tcp_mtu_probing 1"))
    yield Change(name, "sysctl", setting)


@oddity("mtu/segment", 1.5)
def segment(random: Random) -> Iterator[Change]:
    """Rules about the size of TCP's packets, by iptables or nft."""
    version = pool.version_of(random)
    if random.random() < 0.5:
        yield from _clamped(random, version)
        return
    size = random.choice(("rt mtu", "1200", "1400", "100"))
    head = f"type filter hook {random.choice(('forward', 'postrouting'))} priority mangle; policy accept;"
    yield Change(
        HOST,
        "nft",
        f"table inet sizes {{ chain c {{ {head}\ntcp flags syn tcp option maxseg size set {size}\n}}\n}}\n",
    )


@oddity("mtu/inside", 1.5)
def inside_mtu(random: Random) -> Iterator[Change]:
    """A container's interface, or one between it and the host, takes less than the others."""
    one = random.choice(CONTAINERS)
    value = random.choice((1400, 1300, 1280))
    place, dev = random.choice(((one.name, "eth0"), (HOST, one.veth), (HOST, one.bridge.name)))
    yield Change(place, "ip", f"link set dev {dev} mtu {value}")
    if random.random() < 0.4:
        yield from _silenced(random, pool.version_of(random))
