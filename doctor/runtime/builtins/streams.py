"""Byte streams with one deadline: a socket, and TLS over any stream, so that TLS through a TLS proxy needs no more code."""

import hashlib
import select
import socket
import time
from contextlib import suppress

from doctor.runtime.base.frozen import TYPE_CHECKING
from doctor.runtime.builtins.tls import ssl

if TYPE_CHECKING:
    from typing import Protocol

    class Stream(Protocol):
        """The calls that all of them have."""

        deadline: float
        received: int

        def send(self, data: bytes) -> None:
            """Send all of it."""

        def receive(self) -> bytes:
            """Return the next bytes, b"" at the end."""

        def close(self) -> None:
            """Close the connection."""

    class TlsOver(Stream, Protocol):
        """TLS over another one."""

        def handshake(self) -> None:
            """Do the handshake."""

        def peer(self) -> tuple[bytes, str]:
            """Return the server's certificate, and SHA-256 of the authority."""


_CHUNK = 16384
_MOST_BYTES = 1 << 20
PLAIN = (b"HTTP/", b"<", b"220 ", b"SSH-")


class StepError(Exception):
    """A step failed: a word for the cause, and details."""

    def __init__(self, problem: str, text: str = "", number: int | None = None) -> None:
        super().__init__(problem)
        self.problem, self.text, self.number = problem, text, number


class PlainStream:
    """A TCP connection; every call ends at the deadline, however slowly the other end sends."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection, self.deadline = connection, deadline
        self.received = 0
        self.begin = b""

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._connection.settimeout(self._left())
        try:
            self._connection.sendall(data)
        except TimeoutError:
            raise StepError("silent") from None
        except OSError as error:
            raise StepError("closed", (error.strerror or "").lower(), error.errno) from None

    def receive(self) -> bytes:
        """Return the next bytes, b"" at the end."""
        if self.received > _MOST_BYTES:
            raise StepError("endless")
        self._connection.settimeout(self._left())
        try:
            data = self._connection.recv(_CHUNK)
        except TimeoutError:
            raise StepError("silent") from None
        except OSError as error:
            raise StepError("closed", (error.strerror or "").lower(), error.errno) from None
        self.received += len(data)
        self.begin = (self.begin + data)[:16] if len(self.begin) < 16 else self.begin
        return data

    def close(self) -> None:
        """Close the connection, also for a thread that waits for it."""
        with suppress(OSError):  # the other end was first
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise StepError("silent")
        return left


class TlsStream:
    """TLS over a stream."""

    def __init__(self, under: "Stream", context: "ssl.SSLContext", name: str) -> None:
        self._under = under
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self._in, self._out, server_hostname=name)
        self.received = 0

    @property
    def deadline(self) -> float:
        """When every call ends."""
        return self._under.deadline

    @deadline.setter
    def deadline(self, deadline: float) -> None:
        self._under.deadline = deadline

    def handshake(self) -> None:
        """Do the handshake. Raises ``StepError``: ``untrusted`` for a certificate that the store does not vouch for."""
        before = self._under.received
        try:
            self._pumped(self.object.do_handshake)
        except ssl.SSLCertVerificationError as error:
            raise StepError("untrusted", error.verify_message, error.verify_code) from None
        except StepError as failure:
            late = self._under.received > before
            raise StepError(
                f"{failure.problem}-late" if late else failure.problem, failure.text, failure.number
            ) from None
        except ssl.SSLError as error:
            begin = self._under.begin if isinstance(self._under, PlainStream) and not before else b""
            plain = begin.startswith(PLAIN) or "WRONG_VERSION_NUMBER" in (error.reason or "")
            plain = plain or "HTTP_REQUEST" in (error.reason or "")
            raise StepError("plain" if plain else "tls", _reason(error)) from None

    def peer(self) -> "tuple[bytes, str]":
        """The server's certificate, and SHA-256 of the authority that the store vouches for ("" if unknown)."""
        der = self.object.getpeercert(binary_form=True) or b""
        chain = getattr(getattr(self.object, "_sslobj", None), "get_verified_chain", None)
        if self.object.context.verify_mode == ssl.CERT_NONE or chain is None:
            return der, ""
        # The chain's end is the authority that the store vouches for; the public name for it came with Python 3.13.
        import_form = ssl._ssl.ENCODING_DER if hasattr(ssl, "_ssl") else 2  # noqa: SLF001
        return der, hashlib.sha256(chain()[-1].public_bytes(import_form)).hexdigest()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._pumped(lambda: self.object.write(data))

    def receive(self) -> bytes:
        """Return the next bytes, b"" at the end."""
        try:
            data = self._pumped(lambda: self.object.read(_CHUNK))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            raise StepError("tls", _reason(error)) from None
        found = data if isinstance(data, bytes) else b""
        self.received += len(found)
        return found

    def close(self) -> None:
        """Close the connection."""
        self._under.close()

    def _pumped(self, call: "object") -> object:
        while True:
            try:
                result = call()  # type: ignore[operator]
            except ssl.SSLWantReadError:
                self._flush()
                data = self._under.receive()
                if data:
                    self._in.write(data)
                else:
                    self._in.write_eof()
                    if not self._under.received:
                        raise StepError("closed") from None
            except ssl.SSLError:
                self._flush_quietly()
                raise
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        data = self._out.read()
        if data:
            self._under.send(data)

    def _flush_quietly(self) -> None:
        try:
            self._flush()
        except StepError:
            return


def _reason(error: "ssl.SSLError") -> str:
    return (error.reason or "TLS error").replace("_", " ").lower()


def connected(addresses: list[str], port: int, deadline: float, *, segment: int = 0) -> tuple[socket.socket, str]:
    """Connect to all addresses at once; return the first connection and its address.

    ``segment`` limits the size of TCP segments in both directions. Raises ``StepError`` with the errno of the first refusal, or ``silent``.
    """
    waiting: dict[int, tuple[socket.socket, str]] = {}
    problem: StepError | None = None
    poll = select.poll()
    try:
        for address in addresses:
            try:
                one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
                one.setblocking(False)
                if segment:
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
                number = one.connect_ex((address, port))
            except OSError as error:
                problem = problem or StepError("errno", (error.strerror or "").lower(), error.errno)
                continue
            if number not in {0, 115}:
                one.close()
                problem = problem or StepError("errno", "", number)
                continue
            waiting[one.fileno()] = (one, address)
            poll.register(one.fileno(), select.POLLOUT)
        while waiting and (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(max(1.0, left * 1000)):
                one, address = waiting.pop(descriptor)
                poll.unregister(descriptor)
                number = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number == 0:
                    return one, address
                one.close()
                problem = problem or StepError("errno", "", number)
    finally:
        for one, _ in waiting.values():
            one.close()
    raise problem or StepError("silent")
