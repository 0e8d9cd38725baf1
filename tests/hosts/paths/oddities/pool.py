"""The words that random rules and routes are made of: half of them concern the probes, half do not."""

from random import Random

from tests.hosts.paths.layout import (
    APP,
    BRIDGES,
    CONTAINERS,
    DOCKER0,
    HOST_ADDRESS,
    HOST_PORT,
    NAMES,
    NEXT_HOP,
    TARGET,
    UPLINK,
    WEB,
)

STRANGE = {4: ("203.0.113.9", "10.9.8.7", "192.168.77.1"), 6: ("2001:db8:99::9", "fd00:99::7", "fe80::77")}
PORTS = (WEB, NAMES, HOST_PORT, 8080, 8081, 5353, 22, 443, 3306, 8443)
MARKS = (1, 2, 0x10, 0x4000, 0xCA6C)


def version_of(random: Random) -> int:
    """4 twice as often as 6."""
    return random.choice((4, 4, 6))


def address(random: Random, version: int) -> str:
    """One address."""
    known = [one.address[version] for one in CONTAINERS] + [bridge.gateway[version] for bridge in BRIDGES]
    known += [TARGET[version], HOST_ADDRESS[version], NEXT_HOP[version]]
    return random.choice(STRANGE[version]) if random.random() < 0.15 else random.choice(known)


def network(random: Random, version: int) -> str:
    """A network with its length."""
    wide = {
        4: ("172.16.0.0/12", "0.0.0.0/1", "192.0.2.0/24", "198.51.100.0/24", "172.17.0.0/30", "172.17.0.2/31"),
        6: ("fd00::/8", "2000::/3", "2001:db8:80::/48", "2001:db8::/32", "fd00:17::/126"),
    }[version]
    return random.choice([*(bridge.subnet[version] for bridge in BRIDGES), *wide, *_strange_networks(version)])


def _strange_networks(version: int) -> tuple[str, ...]:
    return ("10.0.0.0/8", "203.0.113.0/24") if version == 4 else ("fd00:99::/64", "2001:db8:99::/48")


def place(random: Random, version: int) -> str:
    """An address or a network."""
    return address(random, version) if random.random() < 0.5 else network(random, version)


def port(random: Random) -> int:
    """A port."""
    return random.choice(PORTS)


def device(random: Random) -> str:
    """A device of the host."""
    return random.choice((DOCKER0.name, DOCKER0.name, APP.name, UPLINK, UPLINK, "lo", "vaa", "vbb", "vcc", "nope0"))


def bridge_name(random: Random) -> str:
    """A bridge."""
    return random.choice(BRIDGES).name


def veth(random: Random) -> str:
    """A container's end on the host."""
    return random.choice(CONTAINERS).veth


def container(random: Random) -> str:
    """A container; the one that most probes come from more often."""
    return random.choice(("aa", "aa", "aa", "bb", "cc", "dd"))


def mark(random: Random) -> int:
    """A mark."""
    return random.choice(MARKS)


def family(version: int) -> str:
    """The nft family."""
    return "ip" if version == 4 else "ip6"
