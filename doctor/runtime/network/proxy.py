"""Answers for a published port on this host itself: the rules cover only traffic from outside, and 127.0.0.1 never
leaves the host.

A separate process holds the port, so that no other can bind it, and forwards connections: streams one by one, datagrams
by sender. It ends with the runtime.
"""

import _socket
import os
import select
import time

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import LaunchError, reason
from doctor.runtime.base.system import signal
from doctor.runtime.plan.container import Publish

_CHUNK = 65536
_MOST_HELD = 1 << 18
_MOST_STREAMS, _MOST_PEERS = 512, 256
_IDLE_S = 30.0
_ANY = "0.0.0.0"  # noqa: S104 - what a published port without an address means


def start(ports: "tuple[Publish, ...]", container: str) -> int:
    """Bind the ports and serve them in a separate process; returns its process id. Raises LaunchError if a port is in
    use.
    """
    listening = [(_bound(port), port) for port in ports]
    parent = os.getpid()
    pid = os.fork()
    if pid:
        for sock, _ in listening:
            sock.close()
        return pid
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
        if os.getppid() == parent:
            _serve(_alone([sock for sock, _ in listening]), [port for _, port in listening], container)
    finally:
        os._exit(0)


def _bound(port: Publish) -> _socket.socket:
    kind = _socket.SOCK_STREAM if port.protocol == "tcp" else _socket.SOCK_DGRAM
    sock = _socket.socket(_socket.AF_INET, kind | _socket.SOCK_CLOEXEC)
    try:
        if port.protocol == "tcp":
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        sock.bind((port.host_ip or _ANY, port.host_port))
        if port.protocol == "tcp":
            sock.listen(64)
    except OSError as error:
        sock.close()
        shown = f"{port.host_ip or _ANY}:{port.host_port}/{port.protocol}"
        raise LaunchError(f"can't publish {shown}: {reason(error)}") from None
    return sock


def _alone(sockets: list[_socket.socket]) -> list[_socket.socket]:
    """Close all descriptors except these: the runtime's pipes must close with the runtime."""
    held = [os.dup(sock.fileno()) for sock in sockets]
    for number, descriptor in enumerate(held):
        os.dup2(descriptor, 100 + number)
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    for sock in sockets:
        sock.detach()
    os.closerange(3, 100)
    kernel.close_from(100 + len(held))
    return [_socket.socket(fileno=100 + number) for number in range(len(held))]


class _Stream:
    """One direction of a connection: bytes read but not yet written."""

    def __init__(self, source: _socket.socket, target: _socket.socket) -> None:
        self.source, self.target = source, target
        self.held = b""
        self.is_ended = False
        self.is_over = False

    def read(self) -> None:
        """Read available bytes, or end of file."""
        try:
            chunk = self.source.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        self.held += chunk
        self.is_ended = not chunk

    def write(self) -> None:
        """Write buffered bytes; once the buffer is empty, end of file too."""
        try:
            if self.held:
                self.held = self.held[self.target.send(self.held) :]
            if self.is_ended and not self.held:
                self.is_over = True
                self.target.shutdown(_socket.SHUT_WR)
        except BlockingIOError:
            return
        except OSError:
            self.is_ended = self.is_over = True
            self.held = b""


class _Server:
    """State of the proxy."""

    def __init__(self, listening: list[_socket.socket], ports: list[Publish], container: str) -> None:
        self.listening = {sock.fileno(): (sock, port) for sock, port in zip(listening, ports, strict=True)}
        self.container = container
        self.streams: list[_Stream] = []
        self.peers: dict[tuple[int, tuple[str, int]], tuple[_socket.socket, float]] = {}
        for sock in listening:
            sock.setblocking(False)

    def wait(self) -> None:
        """Wait for events and forward data."""
        poll = select.poll()
        wanted: dict[int, int] = dict.fromkeys(self.listening, select.POLLIN)
        for (number, _), (sock, _) in self.peers.items():
            wanted[sock.fileno()] = select.POLLIN if number in self.listening else 0
        for stream in self.streams:
            if not stream.is_ended and len(stream.held) < _MOST_HELD:
                wanted[stream.source.fileno()] = wanted.get(stream.source.fileno(), 0) | select.POLLIN
            if stream.held or (stream.is_ended and not stream.is_over):
                wanted[stream.target.fileno()] = wanted.get(stream.target.fileno(), 0) | select.POLLOUT
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        ready = dict(poll.poll(1000 if self.peers else None))
        self._streams_go_on(ready)
        self._datagrams_come_back(ready)
        for descriptor in ready.keys() & self.listening.keys():
            self._arrived(*self.listening[descriptor])

    def _streams_go_on(self, ready: dict[int, int]) -> None:
        for stream in self.streams:
            if stream.source.fileno() in ready and not stream.is_ended:
                stream.read()
            if stream.held or (stream.is_ended and not stream.is_over):
                stream.write()
        for there, back in zip(self.streams[::2], self.streams[1::2], strict=True):
            if there.is_over and back.is_over:
                there.source.close()
                there.target.close()
        self.streams = [stream for stream in self.streams if stream.source.fileno() >= 0]

    def _arrived(self, sock: _socket.socket, port: Publish) -> None:
        if port.protocol == "udp":
            self._datagram(sock, port)
            return
        try:
            descriptor, _ = sock._accept()  # type: ignore[attr-defined]  # noqa: SLF001 - what `socket.accept` calls
        except OSError:
            return
        client, server = _socket.socket(fileno=descriptor), _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        client.setblocking(False)
        server.setblocking(False)
        code = server.connect_ex((self.container, port.container_port))
        if code not in (0, _EINPROGRESS) or len(self.streams) >= 2 * _MOST_STREAMS:
            client.close()
            server.close()
            return
        self.streams += [_Stream(client, server), _Stream(server, client)]

    def _datagram(self, sock: _socket.socket, port: Publish) -> None:
        data, peer = sock.recvfrom(_CHUNK)
        key = (sock.fileno(), peer)
        held = self.peers.get(key)
        if held is None:
            if len(self.peers) >= _MOST_PEERS:
                return
            server = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
            server.setblocking(False)
            server.connect((self.container, port.container_port))
        else:
            server = held[0]
        self.peers[key] = server, time.monotonic()
        try:
            server.send(data)
        except OSError:
            return

    def _datagrams_come_back(self, ready: dict[int, int]) -> None:
        now = time.monotonic()
        for (number, peer), (server, last) in list(self.peers.items()):
            if server.fileno() in ready:
                try:
                    self.listening[number][0].sendto(server.recv(_CHUNK), peer)
                    self.peers[number, peer] = server, now
                except OSError:
                    continue
            elif now - last > _IDLE_S:
                server.close()
                del self.peers[number, peer]


_EINPROGRESS = 115


def _serve(listening: list[_socket.socket], ports: list[Publish], container: str) -> None:
    server = _Server(listening, ports, container)
    while True:
        server.wait()
