"""The programs that answer: a name on each TCP port, an echo on each UDP port, and proxies as the engine starts them."""

import contextlib
import selectors
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tests.hosts.paths.lab import Lab
from tests.hosts.paths.layout import BY_NAME, CONTAINERS, HOST, HOST_PORT, NAMES, OUTSIDE, WEB

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_ANY = {4: "0.0.0.0", 6: "::"}
_IP_PKTINFO = 8
_ROOM = 256
_MUCH = 1 << 16
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
            self._end(one)

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
        client.setblocking(False)
        self._open.append(client)
        if service.target is None:
            client.send(service.name.ljust(BANNER_BYTES))
            self._watch(client, lambda: self._answer(client))
            return
        inner = self._inner(service.version, socket.SOCK_STREAM)
        with contextlib.suppress(BlockingIOError):
            inner.connect(service.target)
        for source, target in ((client, inner), (inner, client)):
            self._watch(source, partial(self._pass_on, source, target))

    def _answer(self, client: socket.socket) -> None:
        """Give back as many bytes as came; the client ends it."""
        try:
            if data := client.recv(_MUCH):
                client.send(data)
                return
        except OSError:
            pass
        self._end(client)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        try:
            if data := source.recv(_MUCH):
                target.send(data)
                return
        except OSError:
            pass
        self._end(source)
        self._end(target)

    def _inner(self, version: int, kind: socket.SocketKind) -> socket.socket:
        """The proxy's own connection."""
        inner: socket.socket = self.lab.places[HOST].call(socket.socket, FAMILIES[version], kind)
        inner.setblocking(False)
        self._open.append(inner)
        return inner

    def _end(self, one: socket.socket) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(one)
        one.close()

    def _echo(self, listener: socket.socket, service: "_Service") -> None:
        data, control, _, peer = listener.recvmsg(_ROOM, _ROOM)
        source = _answer_source(control)
        if service.target is None:
            listener.sendmsg([service.name + b" " + data], source, 0, peer)
        else:
            self._relay(
                service.version, service.target, data, lambda answer: listener.sendmsg([answer], source, 0, peer)
            )

    def _relay(self, version: int, target: tuple[str, int], data: bytes, back: Callable[[bytes], object]) -> None:
        """Ask a container by UDP, and pass its answer back: an empty one if it is refused."""
        inner = self._inner(version, socket.SOCK_DGRAM)

        def answered() -> None:
            try:
                answer = inner.recv(_ROOM)
            except OSError:
                answer = b""
            self._end(inner)
            back(answer)

        with contextlib.suppress(BlockingIOError):
            inner.connect(target)
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
