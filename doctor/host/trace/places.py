"""Devices and neighbours of a network namespace, and the source address that its kernel gives a packet."""

import socket
import struct

from doctor.formats.netlink.links import NetLink, parse_link
from doctor.formats.netlink.messages import attribute, number
from doctor.formats.netlink.routes import Neighbour
from doctor.formats.netlink.tables import parse_neighbour
from doctor.formats.trace.ip_counters import drop_counters
from doctor.host.rtnetlink.dump import ROUTE, Dumper
from doctor.host.trace.netns import NetPlace

_GET_LINK, _GET_NEIGHBOUR = 18, 30
_MASK, _NO_STATISTICS = 29, 8  # IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS
_PATIENCE_S = 2.0


def devices(place: NetPlace) -> tuple[NetLink, ...]:
    """Return the devices of a namespace. Raises ``OSError``."""
    body = struct.pack("=16x") + attribute(_MASK, number(_NO_STATISTICS))

    def work() -> tuple[NetLink, ...]:
        with Dumper(ROUTE) as asked:
            return tuple(asked.rows(_GET_LINK, body, parse_link)[0])

    return place.do(work)


def neighbours(place: NetPlace) -> tuple[Neighbour, ...]:
    """Return the neighbour table of a namespace. Raises ``OSError``."""

    def work() -> tuple[Neighbour, ...]:
        with Dumper(ROUTE) as asked:
            return tuple(asked.rows(_GET_NEIGHBOUR, bytes(12), parse_neighbour)[0])

    return place.do(work)


def source_for(place: NetPlace, version: int, target: str, port: int) -> str:
    """Return the source address of a connection to a target. Raises ``OSError`` with the kernel's reason if no route
    leads there.
    """

    def ask() -> str:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.settimeout(_PATIENCE_S)
            # Connecting a datagram socket sends nothing.
            asked.connect((target, port or 9))
            return str(asked.getsockname()[0]).partition("%")[0]

    return place.do(ask)


def send(place: NetPlace, version: int, target: str, packet: bytes) -> None:
    """Send a packet, given from its IP header on, as a program in the namespace would. Raises ``OSError``.

    The socket receives nothing: an answer is left to the kernel, which resets a connection that nobody asked for.
    """

    def work() -> None:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
            sender.settimeout(_PATIENCE_S)
            sender.sendto(packet, (target, 0))

    place.do(work)


def counters(place: NetPlace) -> dict[str, int]:
    """Return the counters of drops in a namespace."""
    return drop_counters(*proc_files(place, ("snmp", "netstat", "snmp6")))


def proc_files(place: NetPlace, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return files of /proc/net of a namespace, "" for each that is missing."""
    return place.do(lambda: tuple(_proc(name) for name in names))


def _proc(name: str) -> str:
    """Return a file of /proc/net as this thread's namespace has it, "" without it."""
    try:
        with open(f"/proc/thread-self/net/{name}", encoding="ascii", errors="replace") as stream:
            return stream.read(1 << 18)
    except OSError:
        return ""
