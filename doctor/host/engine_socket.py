"""One request over the engine's Unix socket.

``http.client`` costs 15 ms of imports on every scan; HTTP/1.0 needs a request line and reading to the end. Go's server
answers it without chunking (net/http, since Go 1).
"""

import socket
import time

from doctor.host.base import ApiAnswer
from doctor.host.files import failed
from doctor.model.missing import HostError, Missing, Why

_LIMIT = 64 << 20


def get(socket_path: str, path: str, *, timeout_s: float) -> ApiAnswer:
    """Return status and body. Raises ``HostError``: absent (no socket, no listener), denied, timed out, unreadable."""
    return _ask(socket_path, "GET", path, timeout_s=timeout_s)


def post(socket_path: str, path: str, *, timeout_s: float) -> ApiAnswer:
    """Send a request that changes something, as ``get`` sends one that reads; only a repair does."""
    return _ask(socket_path, "POST", path, timeout_s=timeout_s)


def _ask(socket_path: str, verb: str, path: str, *, timeout_s: float) -> ApiAnswer:
    deadline = time.monotonic() + timeout_s
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.settimeout(timeout_s)
            connection.connect(socket_path)
            length = "Content-Length: 0\r\n" if verb == "POST" else ""
            connection.sendall(f"{verb} {path} HTTP/1.0\r\nHost: docker\r\n{length}\r\n".encode("ascii"))
            raw = _read_all(connection, deadline, socket_path)
        except TimeoutError as error:
            text = f"{socket_path}: no answer to {verb} {path} within {timeout_s:g} s"
            raise HostError(Missing(Why.TIMED_OUT, text)) from error
        except ConnectionRefusedError as error:
            raise HostError(Missing(Why.ABSENT, f"{socket_path}: no process listens")) from error
        except OSError as error:
            raise failed(error, socket_path) from error
    head, separator, body = raw.partition(b"\r\n\r\n")
    words = head.split(b"\r\n", 1)[0].split()
    if not separator or len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise HostError(Missing(Why.UNREADABLE, f"{socket_path}: the answer to {verb} {path} is not HTTP"))
    return ApiAnswer(int(words[1]), body)


def listens(path: str) -> bool:
    """Whether a process accepts connections on a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2.0)
        try:
            connection.connect(path)
        except OSError:
            return False
    return True


def _read_all(connection: socket.socket, deadline: float, socket_path: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(1 << 16)
        if not chunk:
            return b"".join(chunks)
        size += len(chunk)
        if size > _LIMIT:
            raise HostError(Missing(Why.UNREADABLE, f"{socket_path}: the answer is larger than {_LIMIT} bytes"))
        chunks.append(chunk)
