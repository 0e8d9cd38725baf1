"""TLS by the host's openssl finds what the interpreter's TLS finds: the same step, problem, number, status, certificate and authority."""

import os
import shutil
import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doctor.runtime.builtins import registry, targets
from doctor.runtime.builtins.by_openssl import OpensslProgram
from doctor.runtime.builtins.targets import RegistryTalk, TalkTarget
from doctor.runtime.plan.reader import FieldReader
from tests.one_file import LACKS

if TYPE_CHECKING:
    import ssl
else:
    ssl = pytest.importorskip("ssl", reason=LACKS["ssl"])

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="this machine has no openssl")
OPENSSL = shutil.which("openssl") or ""
ANSWER = b"HTTP/1.1 401 Unauthorized\r\nDocker-Distribution-Api-Version: registry/2.0\r\nDate: Mon, 30 Nov 2026 12:00:00 GMT\r\n\r\n{}"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
PAST, FUTURE = ("20200101000000Z", "20210101000000Z"), ("20900101000000Z", "20910101000000Z")


class Papers:
    """Authorities and certificates in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.root("root")
        self.signed("middle", by="root", extension="basicConstraints=critical,CA:TRUE\n")

    def root(self, name: str) -> Path:
        """An authority."""
        path = self.directory / f"{name}.pem"
        self.run(
            "req", "-x509", *KEY, "-keyout", f"{path}.key", "-subj", f"/CN={name}", "-days", "30", "-out", str(path)
        )
        return path

    def signed(self, name: str, *, by: str = "root", extension: str = "", dates: tuple[str, str] | None = None) -> Path:
        """A certificate of an authority, for a host unless its extension says otherwise."""
        path = self.directory / f"{name}.pem"
        (self.directory / "ext").write_text(extension or f"subjectAltName=DNS:{name}\n")
        self.run("req", "-new", *KEY, "-keyout", f"{path}.key", "-subj", f"/CN={name}", "-out", f"{path}.csr")
        signer = [
            "-CA",
            str(self.directory / f"{by}.pem"),
            "-CAkey",
            str(self.directory / f"{by}.pem.key"),
            "-CAcreateserial",
        ]
        when = ["-days", "20"] if dates is None else ["-not_before", dates[0], "-not_after", dates[1]]
        self.run(
            "x509",
            "-req",
            "-in",
            f"{path}.csr",
            *signer,
            *when,
            "-extfile",
            str(self.directory / "ext"),
            "-out",
            str(path),
        )
        return path

    @staticmethod
    def run(*arguments: str) -> None:
        """Run openssl."""
        subprocess.run([OPENSSL, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("papers"))


@contextmanager
def server(work: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does something with each connection."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=each, args=(connection,), daemon=True).start()

    def each(connection: socket.socket) -> None:
        try:
            work(connection)
        except OSError:
            pass
        finally:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def https(
    certificate: Path, *, answer: bytes = ANSWER, change: Callable[[ssl.SSLContext], object] = bool
) -> Callable[[socket.socket], None]:
    """Answer each request over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")
    change(context)

    def work(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as stream:
            try:
                stream.do_handshake()
                stream.recv(4096)
                stream.sendall(answer)
            finally:
                # A close with bytes left to read would be a reset, which may overtake the alert.
                stream.shutdown(socket.SHUT_WR)
                stream.recv(4096)  # TLS has ended with the shutdown

    return work


def both(
    port: int, directory: Path, *, timeout: float = 2, **given: Any
) -> tuple[dict[str, object], dict[str, object]]:
    """The result of the talk with the interpreter's TLS, and by openssl."""
    said = []
    stores = {"system": given.pop("store", None) or [str(directory / "root.pem")]}
    source = {"id": "a", "host": "a.test", "port": port, "tls": True, "store": "system", "addresses": ["127.0.0.1"]}
    for program in (None, OpensslProgram(OPENSSL, f"{directory}/")):
        with pytest.MonkeyPatch.context() as patch:
            if program is not None:
                patch.setattr(targets, "ssl", None)
            talk = RegistryTalk(FieldReader({"timeout_s": timeout, "servers": [], "stores": stores}, "args"))
            talk._program = program
            target = TalkTarget(source | given, "targets[0]")
            registry._talked(talk, target)
        said.append({name: value for name, value in target.said.items() if name != "seconds"})
    return said[0], said[1]


def alike(found: tuple[dict[str, object], dict[str, object]]) -> dict[str, object]:
    """The second, if it says what the first says; the texts of OpenSSL differ in letters."""
    first, second = ({name: str(value).lower() for name, value in one.items()} for one in found)
    text = first.pop("text", ""), second.pop("text", "")
    assert second == first
    assert text[1].partition(",")[0] in text[0] or text == ("", "")
    return found[1]


def test_a_good_certificate_is_good(papers: Papers) -> None:
    with server(https(papers.signed("a.test"))) as port:
        found = alike(both(port, papers.directory))
    assert (found["step"], found["problem"], found["status"]) == ("done", "", 401)
    assert found["headers"]["docker-distribution-api-version"] == "registry/2.0"  # type: ignore[index]
    assert found["root"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_intermediate_is_sent_or_is_the_authority(papers: Papers, version: ssl.TLSVersion) -> None:
    leaf = papers.signed("a.test", by="middle")
    leaf.write_text(leaf.read_text() + (papers.directory / "middle.pem").read_text())

    def change(context: ssl.SSLContext) -> None:
        context.maximum_version = version

    with server(https(leaf, change=change)) as port:
        found = alike(both(port, papers.directory))
        assert (found["problem"], found["status"]) == ("", 401)
        partial = alike(both(port, papers.directory, store=[str(papers.directory / "middle.pem")]))
    assert partial["problem"] == ""
    assert partial["root"] != found["root"]


@pytest.mark.parametrize(
    ("extension", "dates", "number"),
    [
        ("", PAST, 10),
        ("", FUTURE, 9),
        ("subjectAltName=DNS:b.test\n", None, 62),
        ("basicConstraints=CA:FALSE\n", None, 62),
    ],
    ids=["expired", "early", "other name", "common name only"],
)
def test_a_certificate_that_a_pull_refuses(
    papers: Papers, extension: str, dates: tuple[str, str] | None, number: int
) -> None:
    """Its fields and the server's clock are taken by a second connection that trusts nothing."""
    with server(https(papers.signed("a.test", extension=extension, dates=dates))) as port:
        found = alike(both(port, papers.directory))
    assert (found["step"], found["problem"], found["errno"]) == ("tls", "untrusted", number)
    assert found["certificate"]
    assert found["status"] == 401


def test_an_unknown_authority_and_an_empty_store(papers: Papers) -> None:
    other = papers.root("other")
    with server(https(papers.signed("a.test", by="other"))) as port:
        assert alike(both(port, papers.directory))["errno"] == 20
        assert alike(both(port, papers.directory, store=["/none"]))["errno"] == 20
        broken = papers.directory / "broken.pem"
        broken.write_bytes(
            other.read_bytes().replace(b"-----BEGIN CERTIFICATE-----\nM", b"-----BEGIN CERTIFICATE-----\nA")
        )
        assert alike(both(port, papers.directory, store=[str(broken), str(other)]))["problem"] == ""
    with server(https(other)) as port:
        assert alike(both(port, papers.directory))["problem"] == "untrusted"
        blind = both(port, papers.directory, store=[], id="a")
    assert blind[1]["problem"] == blind[0]["problem"] == "untrusted"


def test_an_address_is_a_name_of_its_own(papers: Papers) -> None:
    with server(https(papers.signed("a.test", extension="subjectAltName=IP:127.0.0.1\n"))) as port:
        assert alike(both(port, papers.directory, host="127.0.0.1"))["problem"] == ""
        assert alike(both(port, papers.directory))["errno"] == 62
    with server(https(papers.signed("a.test"))) as port:
        assert alike(both(port, papers.directory, host="127.0.0.1"))["errno"] == 64
        assert alike(both(port, papers.directory, host="b.test"))["errno"] == 62


def test_an_insecure_registry_is_not_verified(papers: Papers) -> None:
    with server(https(papers.signed("a.test", dates=PAST))) as port:
        found = both(port, papers.directory)  # the stores of both
        assert found[1]["problem"] == "untrusted"
        source = {"id": "a", "host": "a.test", "port": port, "tls": True, "addresses": ["127.0.0.1"]}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(targets, "ssl", None)
            talk = RegistryTalk(FieldReader({"timeout_s": 2, "openssl": OPENSSL}, "args"))
            talk._program = OpensslProgram(OPENSSL, f"{papers.directory}/")
            target = TalkTarget(source, "targets[0]")
            registry._talked(talk, target)
    assert (target.said["problem"], target.said["status"]) == ("", 401)
    assert "root" not in target.said


def test_a_client_certificate_is_sent_or_missed(papers: Papers) -> None:
    client = papers.signed("client")
    stem = papers.directory / "pair"
    shutil.copy(client, f"{stem}.cert")
    shutil.copy(f"{client}.key", f"{stem}.key")

    def change(context: ssl.SSLContext) -> None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(papers.directory / "root.pem")

    with server(https(papers.signed("a.test"), change=change)) as port:
        assert alike(both(port, papers.directory, certificate=str(stem)))["status"] == 401
        found = both(port, papers.directory)
        assert found[1]["problem"] == found[0]["problem"] == "tls"
        assert "certificate required" in str(found[1]["text"])
        shutil.copy(papers.directory / "root.pem.key", f"{stem}.key")
        found = both(port, papers.directory, certificate=str(stem))
    assert found[1]["problem"] == found[0]["problem"] == "client-certificate"


def test_what_does_not_speak_tls_or_nothing_at_all(papers: Papers) -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")

    def closing(connection: socket.socket) -> None:
        connection.recv(4096)

    def silent(connection: socket.socket) -> None:
        time.sleep(2)

    def garbage(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x16\x03\x03\xff\xff" + b"x" * 200)

    for work, problem in ((plain, "plain"), (closing, "closed"), (silent, "silent")):
        with server(work) as port:
            found = both(port, papers.directory, timeout=0.8)
        assert found[1]["problem"] == found[0]["problem"] == problem, found
        assert found[1]["step"] == found[0]["step"] == "tls"
    with server(garbage) as port:
        found = both(port, papers.directory)
    assert found[1]["problem"] == found[0]["problem"] == "tls"


def test_a_flood_and_a_version_that_the_engine_refuses(papers: Papers) -> None:
    def zeros(connection: socket.socket) -> None:
        connection.recv(4096)
        while True:
            connection.sendall(bytes(16384))

    def old(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1

    with server(zeros) as port:
        assert alike(both(port, papers.directory))["problem"] == "plain"
    with server(https(papers.signed("a.test"), change=old)) as port:
        found = alike(both(port, papers.directory))
    assert found["problem"] == "tls"
    assert "protocol version" in str(found["text"])


@pytest.mark.parametrize(
    ("answer", "problem"), [(b"", "closed"), (b"SSH-2.0\r\n\r\n", "not-http"), (b"x" * 20000, "not-http")]
)
def test_what_answers_something_else(papers: Papers, answer: bytes, problem: str) -> None:
    with server(https(papers.signed("a.test"), answer=answer)) as port:
        found = alike(both(port, papers.directory))
    assert (found["step"], found["problem"]) == ("http", problem)


def test_a_way_by_two_proxies_with_tls(papers: Papers) -> None:
    """TLS to a proxy, and in it TLS to the registry."""

    def relay(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(4096):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    certificate = papers.signed("a.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")

    def proxy(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as stream:
            if b"sEcReT" not in stream.recv(4096):
                stream.sendall(b"HTTP/1.1 407 No\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", inner)) as onward:
                stream.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                threading.Thread(target=relay, args=(onward, stream), daemon=True).start()
                relay(stream, onward)

    way = {"host": "a.test", "tls": True, "store": "system", "addresses": ["127.0.0.1"]}
    with server(https(certificate)) as inner, server(proxy) as port:
        found = alike(both(inner, papers.directory, proxy=way | {"port": port, "login": "Basic sEcReT"}))
        assert (found["step"], found["status"]) == ("done", 401)
        found = alike(both(inner, papers.directory, proxy=way | {"port": port}))
        assert (found["step"], found["problem"], found["status"]) == ("proxy", "status", 407)
        found = both(inner, papers.directory, proxy=way | {"port": port, "host": "b.test"})
        assert found[1]["step"] == found[0]["step"] == "proxy-tls"
        assert found[1]["problem"] == found[0]["problem"] == "untrusted"


def test_a_program_that_is_no_openssl_is_not_used(tmp_path: Path) -> None:
    for text in (
        "#!/bin/sh\necho LibreSSL 3.8.2",
        "#!/bin/sh\necho OpenSSL 1.0.2k-fips  26 Jan 2017",
        "#!/bin/sh\nsleep 9",
        "none",
    ):
        path = tmp_path / "openssl"
        path.write_text(text)
        path.chmod(0o755)
        assert OpensslProgram(str(path)).version() == ()
    assert OpensslProgram(OPENSSL).version() >= (1, 1, 0)


def test_no_process_and_no_descriptor_is_left(papers: Papers) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with server(https(papers.signed("a.test", dates=PAST))) as port:
        both(port, papers.directory)
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    mine = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "comm="], check=False, capture_output=True, text=True
    )
    assert "openssl" not in mine.stdout
