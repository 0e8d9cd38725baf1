"""The host that every round starts from: who has which address, and what listens where."""

from dataclasses import dataclass

HOST, OUTSIDE = "host", "outside"
UPLINK = "uplink"
HOST_ADDRESS = {4: "198.51.100.1", 6: "2001:db8:64::1"}
NEXT_HOP = {4: "198.51.100.2", 6: "2001:db8:64::2"}
TARGET = {4: "192.0.2.80", 6: "2001:db8:80::80"}  # two hops away: only the default route leads there
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
WEB, NAMES, HOST_PORT = 80, 53, 9000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A bridge network as the engine makes it."""

    name: str
    gateway: dict[int, str]
    subnet: dict[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container: a namespace with `eth0`, whose other end on the host is `v` and the name."""

    name: str
    bridge: Bridge
    address: dict[int, str]
    published: tuple[tuple[str, int, int], ...] = ()  # (protocol, port of the host, port of the container)

    @property
    def veth(self) -> str:
        """The host's end."""
        return f"v{self.name}"


DOCKER0 = Bridge(
    name="docker0",
    gateway={4: "172.17.0.1", 6: "fd00:17::1"},
    subnet={4: "172.17.0.0/16", 6: "fd00:17::/64"},
)
APP = Bridge(
    name="br-app",
    gateway={4: "172.18.0.1", 6: "fd00:18::1"},
    subnet={4: "172.18.0.0/16", 6: "fd00:18::/64"},
)
BRIDGES = (DOCKER0, APP)
CONTAINERS = (
    Container(
        name="aa",
        bridge=DOCKER0,
        address={4: "172.17.0.2", 6: "fd00:17::2"},
        published=(("tcp", 8080, WEB), ("udp", 5353, NAMES)),
    ),
    Container(name="bb", bridge=DOCKER0, address={4: "172.17.0.3", 6: "fd00:17::3"}),
    Container(
        name="cc",
        bridge=APP,
        address={4: "172.18.0.2", 6: "fd00:18::2"},
        published=(("tcp", 8081, WEB),),
    ),
    Container(name="dd", bridge=APP, address={4: "172.18.0.3", 6: "fd00:18::3"}),
)
BY_NAME = {one.name: one for one in CONTAINERS}
PLACES = (HOST, OUTSIDE, *BY_NAME)


def prefix(version: int) -> int:
    """The length of every network of the layout."""
    return 16 if version == 4 else 64
