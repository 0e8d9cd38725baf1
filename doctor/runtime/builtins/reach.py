"""Builtins for network probes: several targets in parallel, and the addresses that the remote end of a connection
sees.
"""

import _socket
import errno
import os
import select
import struct
import time

from doctor.runtime.base.frozen import TYPE_CHECKING, LaunchError
from doctor.runtime.builtins import dns
from doctor.runtime.builtins.answers import builtin, needed, say
from doctor.runtime.plan.reader import FieldReader, address_of, bad

if TYPE_CHECKING:
    from collections.abc import Callable

_ECHO_REPLY, _ECHO = 0, 8
_AGAIN_S = 0.4
_MAX_TARGETS = 64
_LISTENING = "0A"
_HELD = ("01", "04", "05")  # established, or closed by the server while its client still holds on
_SEEN_EVERY_S = 0.02
_MAX_PEERS = 64
_STREAMS = ("tcp", "greet")
_KINDS = (*_STREAMS, "dns", "ping")


class _Try:
    """One target: a non-blocking socket that becomes ready when its result is known."""

    def __init__(self, kind: str, host: str, port: int, name: str) -> None:
        self.kind, self.host, self.port = kind, host, port
        self.reached = False
        self.errno: int | None = None
        self.done = False
        self.local = ""
        self.seen = ""
        self.code: int | None = None
        self.message = b""
        self.identity = int.from_bytes(os.urandom(2), "big")
        if kind == "dns":
            self.message = dns.query(name, "A", self.identity)
        elif kind == "ping":
            self.message = _echo(self.identity)
        self.socket = self._opened()

    def _opened(self) -> _socket.socket:
        kinds = {
            "tcp": (_socket.SOCK_STREAM, 0),
            "greet": (_socket.SOCK_STREAM, 0),
            "dns": (_socket.SOCK_DGRAM, 0),
            "ping": (_socket.SOCK_RAW, 1),
        }
        kind, protocol = kinds[self.kind]
        return _socket.socket(_socket.AF_INET, kind, protocol)

    @property
    def awaits(self) -> int:
        """The events that poll(2) waits for."""
        return select.POLLOUT if self._is_connecting else select.POLLIN

    @property
    def _is_connecting(self) -> bool:
        return self.kind in _STREAMS and not self.local

    def begin(self) -> None:
        """Send the first packet."""
        try:
            self.socket.setblocking(False)
            self.socket.connect((self.host, self.port if self.kind != "ping" else 0))
        except BlockingIOError:
            return
        except OSError as error:
            self._failed(error)
            return
        if self.kind not in _STREAMS:
            self.ask()

    def ask(self) -> None:
        """Send or resend the request: a datagram may be lost."""
        try:
            self.socket.send(self.message)
        except OSError as error:
            self._failed(error)

    def look(self) -> None:
        """Something happened on the socket."""
        if self._is_connecting:
            code = self.socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
            self.local = "{}:{}".format(*self.socket.getsockname()) if code == 0 else ""
            self.done, self.errno = self.kind == "tcp" or code != 0, code or None
            self.reached = self.done and code == 0
            return
        try:
            answer = self.socket.recv(65535)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed(error)
            return
        if self.kind == "greet":
            self.done, self.reached = True, bool(answer)
            self.seen = answer.decode("ascii", "replace").strip()
        elif self._is_answer(answer):
            self.done = self.reached = True

    def _is_answer(self, answer: bytes) -> bool:
        if self.kind == "dns":
            if answer[:2] != self.message[:2] or len(answer) < 12:
                return False
            self.code = answer[3] & 0xF
            return True
        reply = answer[(answer[0] & 0xF) * 4 :]
        return len(reply) >= 8 and reply[0] == _ECHO_REPLY and reply[4:6] == self.identity.to_bytes(2, "big")

    def _failed(self, error: OSError) -> None:
        self.done, self.errno = True, error.errno


def _echo(identity: int) -> bytes:
    body = struct.pack(">BBHHH", _ECHO, 0, 0, identity, 1) + b"doctor"
    total = sum(struct.unpack(f">{len(body) // 2}H", body))
    total = (total >> 16) + (total & 0xFFFF)
    return body[:2] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + body[4:]


def _targets(reader: FieldReader, name: str) -> list[_Try]:
    found = []
    for index, item in enumerate(reader.items("targets")[:_MAX_TARGETS]):
        target = FieldReader(item, f"args.targets[{index}]")
        kind, host = target.text("kind", "tcp") or "tcp", needed(target.text("host"), "host")
        port = target.number("port", 1, 65535)
        target.end()
        if kind not in _KINDS or address_of(host) is None or (kind in _STREAMS and port is None):
            raise bad(
                f"args.targets[{index}]: kind tcp, greet, dns or ping, an IPv4 host, and a port for the first two are needed"
            )
        found.append(_Try(kind, host, port or 53, name))
    return found


def _reach(reader: FieldReader) -> None:
    """Targets (list of kind "tcp", "greet", "dns" or "ping", host, port), timeout_s, name (asked of dns), hold (seconds).

    All are tried in parallel. Reports for each, in order, whether the remote end itself answered: a connection, a DNS
    answer of any code, an echo, the line of a `greet` server (`seen`: the address it sees us with). A refusal is
    reported as an errno: a firewall may have sent it. `hold` keeps the connections open afterwards.
    """
    timeout, hold = reader.fraction("timeout_s", 0.01, 3600), reader.fraction("hold", 0, 3600)
    name = reader.text("name") or "doctor.invalid"
    tries = _targets(reader, name)
    reader.end()
    for one in tries:
        one.begin()
    _wait(tries, 2.0 if timeout is None else timeout)
    results = [
        {"kind": t.kind, "host": t.host, "port": t.port, "reached": t.reached, "errno": t.errno, "local": t.local}
        | ({"code": t.code} if t.kind == "dns" else {"seen": t.seen} if t.kind == "greet" else {})
        for t in tries
    ]
    say(ok=any(t.reached for t in tries), results=results)
    time.sleep(hold or 0)
    for one in tries:
        one.socket.close()


def _wait(tries: list[_Try], timeout_s: float) -> None:
    began = time.monotonic()
    again = began + min(_AGAIN_S, timeout_s / 2)
    while waiting := {one.socket.fileno(): one for one in tries if not one.done}:
        now = time.monotonic()
        if now >= began + timeout_s:
            return
        if now >= again:
            again = began + timeout_s
            for one in waiting.values():
                if one.kind not in _STREAMS:
                    one.ask()
        poll = select.poll()
        for descriptor, one in waiting.items():
            poll.register(descriptor, one.awaits)
        for descriptor, _ in poll.poll(max(1.0, (min(again, began + timeout_s) - now) * 1000)):
            waiting[descriptor].look()


def _tcp_peers(reader: FieldReader) -> None:
    """Ports (of servers in this network namespace), peers (addresses), first (the expected one), timeout_s.

    Reports which of these ports listen and, for each, which of these addresses are the remote end of its connections,
    as "ADDRESS:PORT". It polls until every port has `first`, at most timeout_s (a proxy connects a moment after its
    client). Connections closed by their clients do not count.
    """
    ports = [int(text) for text in reader.texts("ports") if text.isdigit()]
    peers, first = set(reader.texts("peers")), reader.text("first") or ""
    timeout = reader.fraction("timeout_s", 0, 60)
    reader.end()
    end = time.monotonic() + (timeout or 0)
    while True:
        listening, seen = _table(ports, peers)
        if all(any(far.startswith(f"{first}:") for far in seen[port]) for port in ports) or time.monotonic() >= end:
            break
        time.sleep(_SEEN_EVERY_S)
    say(
        ok=True,
        listening=sorted(listening),
        seen={str(port): sorted(found)[:_MAX_PEERS] for port, found in seen.items()},
    )


def _table(ports: list[int], peers: set[str]) -> tuple[set[int], dict[int, set[str]]]:
    """Ports that listen, and port → those of the peers that are connected with it (net/ipv4/tcp_ipv4.c, tcp4_seq_show)."""
    listening: set[int] = set()
    seen: dict[int, set[str]] = {port: set() for port in ports}
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in _lines(path):
            fields = line.split()
            port = int(fields[1].rpartition(":")[2], 16)
            if port not in seen:
                continue
            if fields[3] == _LISTENING:
                listening.add(port)
            elif fields[3] in _HELD:
                words, _, far = fields[2].rpartition(":")
                if (peer := _address(words)) in peers:
                    seen[port].add(f"{peer}:{int(far, 16)}")
    return listening, seen


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read().splitlines()[1:]
    except OSError as error:
        if error.errno == errno.ENOENT and path.endswith("6"):
            return []  # a kernel without IPv6
        raise


def _address(words: str) -> str:
    """The IPv4 address of a table's hex digits: 32-bit words in the machine's order; of IPv6 the last (mapped) one."""
    try:
        number = int(words[-8:], 16)
    except ValueError:
        raise LaunchError(f"the connection table holds {words!r}") from None
    return ".".join(str(byte) for byte in struct.pack("=I", number))


FUNCTIONS: "dict[str, Callable[[dict[str, object]], int]]" = {
    "reach": builtin(_reach),
    "tcp-peers": builtin(_tcp_peers),
}
