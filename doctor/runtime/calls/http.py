"""Requests over the engine's Unix socket, each on a connection of its own.

HTTP/1.0 is enough, and Go's server then never answers in chunks. A request that waits for an event (`Request.send`) is read
later, so that it is waiting before the event.
"""

import json
import socket
import time
from typing import Any, Self

from doctor.runtime.base.frozen import dataclass
from doctor.runtime.calls import errors
from doctor.runtime.calls.errors import CallError

_MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Status and body of an answer."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body; {} if it is not JSON."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            return {}

    @property
    def message(self) -> str:
        """The engine's error message."""
        found = self.json
        if isinstance(found, dict) and isinstance(found.get("message"), str):
            return str(found["message"])
        return f"status {self.status}: {self.body[:200].decode('utf-8', 'replace')}"


def ask(path: str, verb: str, target: str, *, timeout_s: float, body: object = None) -> Response:
    """Send a request and read its answer. Raises CallError."""
    with Request(path, verb, target, timeout_s=timeout_s, body=body) as request:
        return request.answer(timeout_s=timeout_s)


class Request:
    """A request that was sent, and whose answer is not read yet. Raises CallError."""

    def __init__(self, path: str, verb: str, target: str, *, timeout_s: float, body: object = None) -> None:
        """Connect and send; a body is an object for JSON, or bytes (a tar)."""
        self._path, self._asked = path, f"{verb} {target.partition('?')[0]}"
        raw, kind = (
            (body, "x-tar") if isinstance(body, bytes) else (b"" if body is None else json.dumps(body).encode(), "json")
        )
        head = f"{verb} {target} HTTP/1.0\r\nHost: docker\r\n"
        if verb != "GET":
            head += f"Content-Type: application/{kind}\r\nContent-Length: {len(raw)}\r\n"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout_s)
            self._socket.connect(path)
            self._socket.sendall(head.encode("ascii") + b"\r\n" + raw)
        except OSError as error:
            self._socket.close()
            raise errors.of(error, path, self._asked) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def answer(self, *, timeout_s: float) -> Response:
        """Read the answer to its end."""
        end, raw = time.monotonic() + timeout_s, b""
        try:
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._socket.settimeout(left)
                chunk = self._socket.recv(1 << 16)
                if not chunk:
                    break
                raw += chunk
                if len(raw) > _MOST_BYTES:
                    raise CallError("invalid", f"{self._path}: the answer to {self._asked} is too large")
        except OSError as error:
            raise errors.of(error, self._path, self._asked) from None
        head, separator, body = raw.partition(b"\r\n\r\n")
        words = head.split(None, 2)
        if not separator or len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
            raise CallError("invalid", f"{self._path}: the answer to {self._asked} is not HTTP")
        return Response(status=int(words[1]), body=body)
