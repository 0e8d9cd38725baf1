"""Calls over gRPC on a Unix socket: one connection, one call at a time, each with a time limit.

containerd answers nothing else. grpcio is 12 MB of compiled code, and the command `ctr` is not installed everywhere
(docs/decisions/0041). A call is a header block, one message and its answer (HTTP/2, RFC 9113; gRPC over HTTP/2).
"""

import socket
import struct
import time
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from doctor.runtime.base.frozen import dataclass
from doctor.runtime.calls import errors, hpack
from doctor.runtime.calls.errors import CallError

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _CONTINUATION = 0, 1, 3, 4, 6, 7, 9
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 1, 1, 4, 8, 0x20
_NO_TABLE, _NO_PUSH = struct.pack(">HI", 1, 0), struct.pack(">HI", 2, 0)
_LARGEST_FRAME = 1 << 14
_LARGEST_CALL = (1 << 16) - 1
"""The window that a server gives at first (RFC 9113, 6.9.2)."""
_LARGEST_ANSWER = 1 << 15
"""Half of the window that a server may fill before it is given more (RFC 9113, 6.9.2)."""
_DEADLINE_EXCEEDED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer to a call: gRPC's status code (0: success), its error message, and the body."""

    code: int
    message: str
    body: bytes


class GrpcSocket:
    """A connection to a gRPC server. Methods raise CallError."""

    def __init__(self, path: str, *, timeout_s: float) -> None:
        """Connect; `timeout_s` is the limit for that and for the first frame."""
        self._path = path
        self._stream = -1
        self._buffer = b""
        self._deadline = time.monotonic() + timeout_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout_s)
            self._socket.connect(path)
            self._socket.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, _NO_TABLE + _NO_PUSH))
        except OSError as error:
            self._socket.close()
            raise errors.of(error, path, "a connection") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    @property
    def server_pid(self) -> int:
        """The process that listens, 0 if it is in another PID namespace."""
        raw = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", raw)[0])

    def call(self, method: str, body: bytes, *, timeout_s: float, fields: dict[str, str] | None = None) -> Reply:
        """Send a message to `package.Service/Method`, with additional header fields, and return the answer."""
        self._deadline = time.monotonic() + timeout_s
        self._stream += 2
        given = {
            ":method": "POST",
            ":scheme": "http",
            ":path": f"/{method}",
            ":authority": "localhost",
            "content-type": "application/grpc",
            "te": "trailers",
            "grpc-timeout": f"{int(timeout_s * 1000)}m",
        } | (fields or {})
        block = b"".join(hpack.literal(*pair) for pair in given.items())
        data = b"\0" + struct.pack(">I", len(body)) + body
        if len(data) > _LARGEST_CALL:
            raise CallError("invalid", f"{method}: a call is at most {_LARGEST_CALL} bytes")
        frames = _frame(_HEADERS, _END_HEADERS, self._stream, block)
        for start in range(0, len(data), _LARGEST_FRAME):
            is_last = start + _LARGEST_FRAME >= len(data)
            frames += _frame(_DATA, is_last and _END_STREAM, self._stream, data[start : start + _LARGEST_FRAME])
        try:
            self._socket.settimeout(timeout_s)
            self._socket.sendall(frames)
            reply = self._reply()
        except (OSError, ValueError, IndexError) as error:
            raise errors.of(error, self._path, method.rpartition(".")[2]) from None
        if reply.code == _DEADLINE_EXCEEDED:
            raise errors.of(TimeoutError(), self._path, method.rpartition(".")[2])
        return reply

    def _reply(self) -> Reply:
        """Read frames until the call's stream ends."""
        data, block, found = b"", b"", dict[str, str]()
        while True:
            kind, flags, stream, payload = self._next_frame()
            if stream not in {0, self._stream}:
                continue
            if kind == _SETTINGS and not flags & _ACK:
                self._socket.sendall(_frame(_SETTINGS, _ACK, 0, b""))
            elif kind == _PING and not flags & _ACK:
                self._socket.sendall(_frame(_PING, _ACK, 0, payload))
            elif kind in {_RESET, _GOAWAY}:
                raise ValueError("the server closed the call")
            elif kind == _DATA:
                data += _content(payload, flags)
            elif kind in {_HEADERS, _CONTINUATION}:
                block += _content(payload, flags) if kind == _HEADERS else payload
                if flags & _END_HEADERS:
                    found |= hpack.fields(block)
                    block = b""
            if len(data) > _LARGEST_ANSWER or len(block) > _LARGEST_ANSWER:
                raise ValueError("the answer is too large")
            if stream and flags & _END_STREAM and kind in {_DATA, _HEADERS}:
                code = found.get("grpc-status", "")
                return Reply(
                    code=int(code) if code.isdigit() else 2,
                    message=unquote(found.get("grpc-message", "")),
                    body=data[5:],
                )

    def _next_frame(self) -> tuple[int, int, int, bytes]:
        head = self._exactly(9)
        size = int.from_bytes(head[:3], "big")
        if size > _LARGEST_FRAME:
            raise ValueError("a frame is too large")
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        return kind, flags, stream, self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            chunk = self._socket.recv(1 << 16)
            if not chunk:
                raise ValueError("the server closed the connection")
            self._buffer += chunk
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _content(payload: bytes, flags: int) -> bytes:
    """Return a frame's payload without padding and priority."""
    end, start = len(payload), 0
    if flags & _PADDED:
        start, end = 1, end - payload[0]
    if flags & _PRIORITY:
        start += 5
    return payload[start:end]
