"""TLS by ``openssl s_client`` of the host, for the one file: it has no TLS of its own (docs/decisions/0072).

The program speaks with a socket of this process, which relays the bytes: so names, proxies, small segments and limits are
the same code as with the interpreter's TLS. No argument of it is a secret. It takes nothing from the host's settings of OpenSSL
and trusts only the given store, as Go does.
"""

import os
import re
import select
import signal
import socket
import threading
import time
from contextlib import suppress

from doctor.runtime.base.frozen import TYPE_CHECKING
from doctor.runtime.builtins import chain
from doctor.runtime.builtins.streams import PLAIN, PlainStream, StepError

if TYPE_CHECKING:
    from doctor.runtime.builtins.streams import Stream

_CHUNK = 16384
_MOST_SAID = 65536
_OLDEST = (1, 1, 0)
_NEW = (1, 1, 1)
_NAME_MISMATCH = 62
_UP = b"CONNECTION ESTABLISHED"
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LC_ALL": "C",
    "OPENSSL_CONF": "/dev/null",
    "SSL_CERT_FILE": "/none",
    "SSL_CERT_DIR": "/none",
}
_ERROR = re.compile(r"(?m)^[0-9A-Fa-f]+:error:[0-9A-Fa-f]+:SSL routines:[^:\n]*:([^:\n]+)")
_VERIFY = re.compile(r"verify error:num=(\d+):([^\n]*)")
_CERTIFICATE = re.compile(rb"(?m)^<<< [^\n]*Handshake \[length [0-9a-f]+\], Certificate\n((?: {4}[0-9a-f ]+\n)+)")


class OpensslProgram:
    """The host's program, and the stores in the form that it reads."""

    def __init__(self, path: str, directory: str = "/") -> None:
        self.path, self._directory = path, directory
        self._lock = threading.Lock()
        self._version: tuple[int, ...] | None = None
        self._number = 0
        self._stores: dict[str, tuple[str, list[chain.ShownCertificate]]] = {}

    def version(self) -> "tuple[int, ...]":
        """Its version; () if it does not run here, or is too old to be used (before 1.1.0), or not OpenSSL."""
        with self._lock:
            if self._version is None:
                found = re.match(rb"OpenSSL (\d+)\.(\d+)\.(\d+)", _output([self.path, "version"]))
                number = tuple(map(int, found.groups())) if found else ()
                self._version = number if number >= _OLDEST else ()
            return self._version

    def place(self) -> str:
        """A new name of a file."""
        with self._lock:
            self._number += 1
            return f"{self._directory}tls-{self._number}"

    def store(self, name: str, files: "list[str]") -> "tuple[str, list[chain.ShownCertificate]]":
        """One file with the certificates of a store, and these; "" for an empty one."""
        place = self.place()
        with self._lock:
            if name not in self._stores:
                self._stores[name] = _written(place, files)
            return self._stores[name]


def _written(place: str, files: "list[str]") -> "tuple[str, list[chain.ShownCertificate]]":
    import base64  # noqa: PLC0415 - `chain` has imported it

    found: list[chain.ShownCertificate] = []
    for path in files:
        try:
            with open(path, "rb") as stream:
                found += chain.of_pem(stream.read())
        except OSError:
            continue  # Go leaves out what it can't read
    pem = b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(one.der) + b"-----END CERTIFICATE-----\n" for one in found
    )
    with open(place, "wb") as stream:
        stream.write(pem)
    return (place if found else ""), found


def _output(argv: "list[str]") -> bytes:
    reading, writing = os.pipe()
    try:
        pid = _spawned(argv, 0, writing, writing)
    except OSError:
        os.close(reading)
        return b""
    finally:
        os.close(writing)
    end, said = time.monotonic() + 1, b""
    while _readable(end - time.monotonic(), reading):
        data = os.read(reading, 4096)
        if not data or len(said) > 4096:
            break
        said += data
    os.close(reading)
    _ended(pid)
    return said


def _readable(seconds: float, *descriptors: int) -> "list[int]":
    """Those that can be read within this time. select(2) takes no descriptor beyond 1023."""
    waiting = select.poll()
    for descriptor in descriptors:
        waiting.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in waiting.poll(max(0.0, seconds) * 1000)]


def _spawned(argv: "list[str]", *descriptors: int) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, descriptor, number) for number, descriptor in enumerate(descriptors) if descriptor]
    return os.posix_spawn(argv[0], argv, _ENVIRONMENT, file_actions=actions, setsigdef=[signal.SIGPIPE])


def _ended(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return


class ProgramTlsStream:
    """TLS over a stream, by the program. Its deadline is its own: the relay below works until that of the stream."""

    def __init__(
        self, under: "Stream", program: OpensslProgram, name: str, store: "tuple[str, list[str]]", certificate: str
    ) -> None:
        self._under, self._program, self._name = under, program, name
        self._store, self._certificate = store, certificate
        self.deadline = under.deadline
        self.received = self._before = 0
        self._pid = 0
        self._said = b""
        self._failure: StepError | None = None
        self._is_closed = False
        self._open: list[int] = []
        self._inner: socket.socket | None = None
        self._messages = program.place()

    def handshake(self) -> None:
        """Do the handshake. Raises ``StepError``: ``untrusted`` for a certificate that the store does not vouch for."""
        before = self._before = self._under.received
        try:
            self._start()
            while _UP not in self._said:
                if not self._listened():
                    raise self._why_not()
            self._refuse_common_name()
        except StepError as failure:
            if failure.problem in {"silent", "closed"} and self._under.received > before:
                raise StepError(f"{failure.problem}-late", failure.text, failure.number) from None
            raise

    def peer(self) -> "tuple[bytes, str]":
        """The server's certificate, and SHA-256 of the authority that the store vouches for ("" without a store)."""
        sent = self._sent()
        known = self._known()[1] if self._store[0] else []
        return (sent[0] if sent else b""), (chain.root(sent, known) if self._store[0] else "")

    def send(self, data: bytes) -> None:
        """Send all of it: less than a pipe holds, so it does not block."""
        try:
            while data:
                data = data[os.write(self._stdin, data) :]
        except OSError as error:
            raise self._why_ended() or StepError("closed", (error.strerror or "").lower(), error.errno) from None

    def receive(self) -> bytes:
        """Return the next bytes, b"" at the end."""
        if not self._waits_for(self._stdout):
            raise self._failure or StepError("silent")
        data = os.read(self._stdout, _CHUNK)
        self.received += len(data)
        why = None if data else self._why_ended()
        if why is not None:
            raise why
        return data

    def close(self) -> None:
        """End the program and close the connection."""
        if self._pid:
            _ended(self._pid)
            self._pid = 0
        if self._inner is not None:
            with suppress(OSError):  # it has ended
                self._inner.shutdown(socket.SHUT_RDWR)  # ends the relay
            self._inner.close()
        for descriptor in self._open:
            os.close(descriptor)
        self._open.clear()
        self._under.close()

    def _start(self) -> None:
        place = self._program.place()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(place)
            server.listen(1)
            (stdin, self._stdin), (self._stdout, stdout), (self._stderr, stderr) = os.pipe(), os.pipe(), os.pipe()
            self._open = [self._stdin, self._stdout, self._stderr]
            try:
                self._pid = _spawned(self._argv(place), stdin, stdout, stderr)
            except OSError as error:
                raise StepError("tls", f"can't run {self._program.path}: {error.strerror}") from None
            finally:
                for descriptor in (stdin, stdout, stderr):
                    os.close(descriptor)
            try:
                while server.fileno() not in _readable(self._left(), server.fileno(), self._stderr):
                    if not self._listened():
                        raise self._refused()
            finally:
                os.unlink(place)
            self._inner = server.accept()[0]
        for work in (self._relay_up, self._relay_down):
            threading.Thread(target=work, args=(self._inner,), daemon=True).start()

    def _argv(self, place: str) -> "list[str]":
        version = self._program.version()
        is_address = ":" in self._name or self._name.replace(".", "").isdigit()
        argv = [self._program.path, "s_client", "-quiet", "-brief", "-ign_eof", "-unix", place]
        argv += ["-no_ssl3", "-no_tls1", "-no_tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]  # Go knows no such levels
        argv += ["-msg", "-msgfile", self._messages]
        if not is_address:
            argv += ["-servername", self._name]
        elif version >= _NEW:
            argv += ["-noservername"]
        if self._store[0]:
            # Go takes any certificate of its store as an authority.
            argv += [
                "-verify_return_error",
                "-partial_chain",
                "-verify_ip" if is_address else "-verify_hostname",
                self._name,
            ]
            authorities = self._known()[0]
            argv += ["-CAfile", authorities] if authorities else []
        if self._certificate:
            shown = f"{self._certificate}.cert"
            argv += ["-cert", shown, "-cert_chain", shown, "-key", f"{self._certificate}.key", "-pass", "pass:"]
        return argv

    def _known(self) -> "tuple[str, list[chain.ShownCertificate]]":
        return self._program.store(*self._store)

    def _relay_up(self, inner: socket.socket) -> None:
        try:
            while data := inner.recv(_CHUNK):
                self._under.send(data)
        except StepError as failure:
            self._failure = self._failure or failure
        except OSError:
            return

    def _relay_down(self, inner: socket.socket) -> None:
        try:
            while data := self._under.receive():
                inner.sendall(data)
            self._is_closed = True
        except StepError as failure:
            self._failure = self._failure or failure
        except OSError:
            return
        try:
            inner.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise StepError("silent")
        return left

    def _waits_for(self, descriptor: int) -> bool:
        return bool(_readable(self._left(), descriptor))

    def _listened(self) -> bool:
        """Read what the program says; ``False`` once it has ended. Raises ``StepError`` at the deadline."""
        if not self._waits_for(self._stderr):
            raise StepError("silent")
        data = os.read(self._stderr, _CHUNK)
        self._said = (self._said + data)[-_MOST_SAID:]
        return bool(data)

    def _text(self) -> str:
        return self._said.decode("utf-8", "replace")

    def _reason(self) -> str:
        found = _ERROR.findall(self._text())
        return found[-1].strip().lower() if found else ""

    def _refused(self) -> StepError:
        """Why the program did not even begin: a client certificate that can't be used, or options that it does not know."""
        lines = [line for line in self._text().splitlines() if line.strip()]
        return StepError("client-certificate" if self._certificate else "tls", lines[0] if lines else "openssl ended")

    def _why_ended(self) -> StepError | None:
        """Why the program has ended after the handshake: an alert of the server, or the connection; ``None`` for a plain end."""
        while self._listened():
            pass
        reason = self._reason()
        return StepError("tls", reason) if reason and "unexpected eof" not in reason else self._failure

    def _why_not(self) -> StepError:
        found = _VERIFY.search(self._text())
        if found is not None and self._store[0]:
            return StepError("untrusted", found[2].strip(), int(found[1]))
        reason = self._reason()
        if not reason or "unexpected eof" in reason:
            # It did not judge what came: the connection ended.
            if self._failure is not None:
                return self._failure
            if self._is_closed and not self._under.received:
                return StepError("closed")
        begin = self._under.begin if isinstance(self._under, PlainStream) and not self._before else b""
        plain = begin.startswith(PLAIN) or reason in {"wrong version number", "http request"}
        return StepError("plain" if plain else "tls", reason or "TLS error")

    def _refuse_common_name(self) -> None:
        """Refuse a certificate whose only name is its common name, which OpenSSL accepts and Go does not."""
        sent = self._sent() if self._store[0] else []
        if not sent or ":" in self._name or self._name.replace(".", "").isdigit():
            return
        try:
            is_named = chain.ShownCertificate(sent[0]).has_host_name()
        except chain.FormError:
            is_named = False
        if not is_named:
            raise StepError("untrusted", "hostname mismatch", _NAME_MISMATCH)

    def _sent(self) -> "list[bytes]":
        """The certificates that the server sent, out of the messages that the program wrote down."""
        try:
            with open(self._messages, "rb") as stream:
                found = _CERTIFICATE.findall(stream.read(8 << 20))
        except OSError:
            return []
        return sent_certificates(bytes.fromhex(found[0].decode())) if found else []


def sent_certificates(message: bytes) -> "list[bytes]":
    """The certificates of a message ``Certificate``: RFC 5246 7.4.2, or RFC 8446 4.4.2, which adds a context and extensions."""
    for head, has_extensions in ((4, False), (5, True)):
        size, found = int.from_bytes(message[head : head + 3], "big"), []
        at = head + 3
        if at + size != len(message):
            continue
        while at + 3 <= len(message):
            end = at + 3 + int.from_bytes(message[at : at + 3], "big")
            found.append(message[at + 3 : end])
            at = end + (2 + int.from_bytes(message[end : end + 2], "big") if has_extensions else 0)
        return found
    return []
