"""The programs that answer: a name on each TCP port, an echo on each UDP port, and proxies as the engine starts them."""

import contextlib
import selectors
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.hosts.paths.lab import Lab
from tests.hosts.paths.layout import BY_NAME, CONTAINERS, HOST, HOST_PORT, NAMES, OUTSIDE, WEB

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_ANY = {4: "0.0.0.0", 6: "::"}
_IP_PKTINFO = 8
_ROOM = 256
BANNER_BYTES = 100
"""The model follows an answer of that many bytes: small, and more than a bare confirmation."""


def port_pairs() -> tuple[tuple[str, str, int], ...]:
    """Every (place, protocol, port) with a listener of its own."""
    found = [(place, protocol, port) for place in (OUTSIDE, *BY_NAME) for protocol, port in _USUAL]
    return (*found, (HOST, "tcp", HOST_PORT), (HOST, "udp", HOST_PORT))


_USUAL = (("tcp", WEB), ("udp", NAMES))


@dataclass
class Listeners:
    """All listeners of a lab, served by one selector.

    Attributes:
        closed: (place, protocol, port) of those that a fault ended: they never begin.
        proxies: whether the engine's proxy stands on the published ports of the host.
    """

    lab: Lab
    selector: selectors.DefaultSelector
    proxies: bool
    closed: frozenset[tuple[str, str, int]] = frozenset()
    _open: list[socket.socket] = field(default_factory=list)

    def start(self) -> None:
        """Open every listener."""
        for version in (4, 6):
            for place, protocol, port in port_pairs():
                self._listen(place, protocol, port, _Service(version, place.encode()))
            for one in CONTAINERS if self.proxies else ():
                for protocol, outer, inner in one.published:
                    self._listen(HOST, protocol, outer, _Service(version, b"", (one.address[version], inner)))

    def stop(self) -> None:
        """Close them all."""
        for one in self._open:
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(one)
            one.close()

    def _listen(self, place: str, protocol: str, port: int, service: "_Service") -> None:
        if (place, protocol, port) in self.closed:
            return
        made = self.lab.places[place].call(_listener, protocol, port, service.version)
        self._open.append(made)
        serve = self._accept if protocol == "tcp" else self._echo
        self._watch(made, lambda: serve(made, service))

    def _watch(self, one: socket.socket, do: Callable[[], None]) -> None:
        self.selector.register(one, selectors.EVENT_READ, do)

    def _accept(self, listener: socket.socket, service: "_Service") -> None:
        client, _ = listener.accept()
        if service.target is None:
            client.sendall(service.name.ljust(BANNER_BYTES))
            client.close()
            return
        client.setblocking(False)
        self._open.append(client)

        def back(answer: bytes) -> None:
            with client:
                client.sendall(answer)

        self._relay(service, socket.SOCK_STREAM, b"", back)

    def _echo(self, listener: socket.socket, service: "_Service") -> None:
        data, control, _, peer = listener.recvmsg(_ROOM, _ROOM)
        source = _answer_source(control)
        if service.target is None:
            listener.sendmsg([service.name + b" " + data], source, 0, peer)
        else:
            self._relay(service, socket.SOCK_DGRAM, data, lambda answer: listener.sendmsg([answer], source, 0, peer))

    def _relay(
        self, service: "_Service", kind: socket.SocketKind, data: bytes, back: Callable[[bytes], object]
    ) -> None:
        """Open the proxy's own connection, and pass its answer back: an empty one if it is refused."""
        inner = self.lab.places[HOST].call(socket.socket, FAMILIES[service.version], kind)
        inner.setblocking(False)
        self._open.append(inner)

        def answered() -> None:
            self.selector.unregister(inner)
            with inner:
                try:
                    answer = inner.recv(_ROOM)
                except OSError:
                    answer = b""
                back(answer)

        with contextlib.suppress(BlockingIOError):
            inner.connect(service.target)
            inner.send(data)
        self._watch(inner, answered)


@dataclass(frozen=True)
class _Service:
    """The program on a port: it gives its name, or asks a container as the engine's proxy does."""

    version: int
    name: bytes
    target: tuple[str, int] | None = None


def _listener(protocol: str, port: int, version: int) -> socket.socket:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    made = socket.socket(FAMILIES[version], kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if version == 6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((_ANY[version], port))
    if protocol == "tcp":
        made.listen(64)
    elif version == 4:
        made.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    made.setblocking(False)
    return made


def _answer_source(control: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Answer from the address that was asked, as a careful server does."""
    for level, kind, data in control:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            return [(level, kind, struct.pack("I4s4s", 0, data[8:12], b"\0\0\0\0"))]
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return [(level, kind, data[:16] + struct.pack("I", 0))]
    return []
