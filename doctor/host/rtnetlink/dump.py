"""One netlink socket: listings and questions."""

import errno
import socket
import struct
from collections.abc import Callable
from typing import Self, TypeVar

from doctor.formats.netlink.messages import ACK, DONE, DUMP, ERROR, INTERRUPTED, REQUEST, messages, request

ROUTE, FIREWALL = 0, 12
"""NETLINK_ROUTE and NETLINK_NETFILTER."""
MOST_ROWS = 20_000
_PATIENCE = struct.pack("=qq", 2, 0)
_BUFFER_BYTES = 1 << 16
_TRIES = 5
_AGAIN = {errno.ENOBUFS, errno.EBUSY, errno.EINTR}
T = TypeVar("T")


class Dumper:
    """A netlink socket in the namespace in which this thread was when it was opened."""

    def __init__(self, protocol: int) -> None:
        self._protocol = protocol
        self._sequence = 0
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _open(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, self._protocol)
        # The kernel answers while the request is sent: a wait means that an answer was lost.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)

    def _reopen(self) -> None:
        """A listing that is not read to its end blocks the next one on the same socket."""
        self._socket.close()
        self._open()

    def rows(self, kind: int, body: bytes, parse: Callable[[bytes], T | None]) -> tuple[list[T], bool]:
        """Return the rows of a listing, and whether they are all there are.

        A listing that was interrupted by a change, or whose answer was lost, is read again. Raises ``OSError``.
        """
        found: list[T] = []
        for _ in range(_TRIES):
            found.clear()
            try:
                is_whole = self._listing(kind, body, parse, found)
            except OSError as error:
                self._reopen()
                if error.errno not in _AGAIN:
                    raise
                continue
            if is_whole:
                return found, True
            if len(found) >= MOST_ROWS:
                break
        self._reopen()
        return found, False

    def _listing(self, kind: int, body: bytes, parse: Callable[[bytes], T | None], found: list[T]) -> bool:
        self._send(kind, body, REQUEST | DUMP)
        is_interrupted = False
        while len(found) < MOST_ROWS:
            for message in messages(self._socket.recv(_BUFFER_BYTES)):
                if message.sequence != self._sequence:
                    continue
                is_interrupted |= bool(message.flags & INTERRUPTED)
                if message.kind in {DONE, ERROR}:
                    if message.errno:
                        raise OSError(message.errno, "netlink refused a listing")
                    return not is_interrupted
                row = parse(message.body)
                if row is not None:
                    found.append(row)
        return False

    def ask(self, kind: int, body: bytes) -> bytes:
        """Return the answer's content to one question. Raises ``OSError`` with the kernel's error number."""
        for _ in range(_TRIES):
            self._send(kind, body, REQUEST)
            try:
                answer = self._answer()
            except OSError as error:
                if error.errno not in _AGAIN:
                    raise
                self._reopen()
                continue
            return answer
        raise OSError(errno.ENOBUFS, "netlink lost the answers")

    def order(self, kind: int, body: bytes, flags: int = 0) -> None:
        """Ask for a change, and wait until it is done. Raises ``OSError`` with the kernel's error number."""
        self._send(kind, body, REQUEST | ACK | flags)
        self._answer()

    def _answer(self) -> bytes:
        while True:
            for message in messages(self._socket.recv(_BUFFER_BYTES)):
                if message.sequence != self._sequence:
                    continue
                if message.kind == ERROR and message.errno:
                    raise OSError(message.errno, "netlink refused a question")
                return message.body

    def _send(self, kind: int, body: bytes, flags: int) -> None:
        self._sequence += 1
        self._socket.send(request(kind, body, sequence=self._sequence, flags=flags))
