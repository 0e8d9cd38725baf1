"""Calls over gRPC and HTTP against servers that answer oddly; a real containerd answers in the live tests."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.runtime.calls import hpack, http, protobuf
from doctor.runtime.calls.errors import CallError
from doctor.runtime.calls.grpc import GrpcSocket

_SETTINGS = b"\0\0\0\x04\0\0\0\0\0"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def trailers(*pairs: tuple[str, str]) -> bytes:
    return b"".join(hpack.literal(*pair) for pair in pairs)


OK = (
    _SETTINGS
    + frame(1, 4, 1, b"\x88")
    + frame(0, 0, 1, b"\0\0\0\0\x02hi")
    + frame(1, 5, 1, trailers(("grpc-status", "0")))
)


@contextmanager
def server(tmp_path: Path, answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A socket that one client may connect to."""
    path = f"{tmp_path}/s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(1)

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path
        thread.join(3)


def says(data: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(data)
        connection.settimeout(2)
        try:
            while connection.recv(1 << 16):
                pass
        except OSError:
            return

    return answer


def call(path: str, timeout_s: float = 1.0) -> tuple[int, str, bytes]:
    with GrpcSocket(path, timeout_s=timeout_s) as to:
        reply = to.call("a.B/C", b"", timeout_s=timeout_s)
    return reply.code, reply.message, reply.body


def test_an_answer_in_frames(tmp_path: Path) -> None:
    """Headers, data and trailers are three frames; a ping between them is answered."""
    with server(
        tmp_path, says(OK.replace(frame(1, 4, 1, b"\x88"), frame(6, 0, 0, b"12345678") + frame(1, 4, 1, b"\x88")))
    ) as path:
        assert call(path) == (0, "", b"hi")


def test_an_error_is_decoded(tmp_path: Path) -> None:
    """Percent signs in messages are an encoding of gRPC."""
    block = trailers(("grpc-status", "5"), ("grpc-message", "no%20task"))
    with server(tmp_path, says(_SETTINGS + frame(1, 5, 1, block))) as path:
        assert call(path) == (5, "no task", b"")


def test_huffman_codes() -> None:
    """Go's server codes texts where that is shorter. The value is the example of RFC 7541, C.4.1."""
    coded = bytes.fromhex("f1e3c2e5f23a6ba0ab90f4ff")
    assert hpack.fields(b"\x00\x04name" + bytes((0x80 | len(coded),)) + coded) == {"name": "www.example.com"}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "invalid"),
        (b"", "timeout"),
        (_SETTINGS, "timeout"),
        (_SETTINGS + frame(3, 0, 1, b"\0\0\0\x08"), "invalid"),
        (_SETTINGS + frame(7, 0, 0, b"\0" * 8), "invalid"),
        (_SETTINGS + frame(1, 5, 1, b"\x00\x85"), "invalid"),
        (_SETTINGS + frame(1, 5, 1, b"\x7f" + b"\xff" * 9), "invalid"),
        (_SETTINGS + b"".join(frame(0, 0, 1, b"x" * 16000) for _ in range(4)), "invalid"),
    ],
)
def test_what_is_no_answer(tmp_path: Path, data: bytes, kind: str) -> None:
    """Each ends with a kind that the probe judges, within the limit."""
    with server(tmp_path, says(data)) as path, pytest.raises(CallError) as error:
        call(path, 0.3)
    assert error.value.kind == kind


def test_nobody_listens(tmp_path: Path) -> None:
    """Without a socket, and with one whose process is gone."""
    with pytest.raises(CallError, match="no process listens"):
        call(f"{tmp_path}/none")
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(f"{tmp_path}/gone")
    with pytest.raises(CallError, match="no process listens"):
        call(f"{tmp_path}/gone")


def test_a_full_queue_is_a_hung_server(tmp_path: Path) -> None:
    """A stopped server accepts nothing: the kernel then refuses with EAGAIN instead of waiting."""
    path = f"{tmp_path}/full"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            try:
                one.connect(path)
            except BlockingIOError:
                break
        with pytest.raises(CallError) as error:
            call(path, 0.3)
        for one in waiting:
            one.close()
    assert error.value.kind == "timeout"


@given(st.binary(max_size=200))
def test_headers_of_nonsense(block: bytes) -> None:
    """A hostile block raises nothing else."""
    try:
        hpack.fields(block)
    except (ValueError, IndexError):
        return


@given(st.binary(max_size=200))
def test_messages_of_nonsense(body: bytes) -> None:
    """A hostile message raises nothing else."""
    try:
        list(protobuf.fields(body))
    except ValueError:
        return


@given(
    st.lists(st.tuples(st.integers(1, 500), st.one_of(st.integers(1, 1 << 40), st.binary(min_size=1, max_size=300))))
)
def test_messages_are_read_as_written(content: list[tuple[int, int | bytes]]) -> None:
    """Numbers and bytes of any length."""
    assert list(protobuf.fields(protobuf.message(*content))) == content


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"", "invalid"), (b"HTTP/1.0 2", "invalid"), (b"SSH-2.0\r\n\r\n", "invalid")],
)
def test_what_is_not_http(tmp_path: Path, data: bytes, kind: str) -> None:
    """A truncated head is not an answer."""

    def answer(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(data)

    with server(tmp_path, answer) as path, pytest.raises(CallError) as error:
        http.ask(path, "GET", "/_ping", timeout_s=1.0)
    assert error.value.kind == kind


def test_an_answer_that_never_ends(tmp_path: Path) -> None:
    """The limit holds for the whole answer, not for each part of it."""
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        while not stop.wait(0.05):
            try:
                connection.sendall(b"x")
            except OSError:
                return

    with server(tmp_path, drip) as path:
        with pytest.raises(CallError) as error:
            http.ask(path, "GET", "/_ping", timeout_s=0.4)
        stop.set()
    assert error.value.kind == "timeout"


def test_the_engines_words(tmp_path: Path) -> None:
    """An error's message, and a body that is not JSON."""

    def answer(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(b'HTTP/1.0 409 Conflict\r\n\r\n{"message": "in use"}')

    with server(tmp_path, answer) as path:
        found = http.ask(path, "POST", "/x", timeout_s=1.0, body={})
    assert (found.status, found.message) == (409, "in use")
    assert http.Response(status=502, body=b"<html>").message == "status 502: <html>"
