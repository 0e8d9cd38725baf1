"""A webhook behind a proxy: a tunnel for https, by Python, curl and wget; who names the proxy; and what it may refuse."""

import base64
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.notify import tls
from doctor.notify.proxy import by_environment, proxy_of
from doctor.notify.send import TryLaterError
from doctor.notify.ways import webhook
from tests.unit.notify.kit import parcel, route
from tests.unit.notify.test_webhook import PROGRAMS, Serving

LOGIN = base64.b64encode(b"me:hunter2").decode()
VARIABLES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of the machine are not those of the tests."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


class Proxy:
    """A proxy that opens tunnels, or answers with a status; and the heads of the requests that it got."""

    def __init__(self, answer: int) -> None:
        self.answer = answer
        self.heads: list[str] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self.listening.getsockname()[1]}"

    def serve(self) -> None:
        """Serve one request after the other."""
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with connection:
                try:
                    self.answered(connection)
                except OSError:
                    continue

    def answered(self, connection: socket.socket) -> None:
        """Answer one request."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        self.heads.append(head.decode())
        if self.answer != 200:
            connection.sendall(f"HTTP/1.1 {self.answer} No\r\nContent-Length: 0\r\n\r\n".encode())
            return
        port = int(head.split()[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=copy, args=(onward, connection), daemon=True)
            back.start()
            copy(connection, onward)
            back.join(2)


def copy(source: socket.socket, target: socket.socket) -> None:
    """Copy until the end."""
    try:
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def proxied(answer: int = 200) -> Iterator[Proxy]:
    """A proxy in a thread."""
    proxy = Proxy(answer)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    yield proxy
    proxy.listening.shutdown(socket.SHUT_RDWR)
    proxy.listening.close()
    thread.join(2)


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who sends."""
    if request.param != "python":
        monkeypatch.setattr(tls, "is_there", lambda: False)
        real = shutil.which
        monkeypatch.setattr(shutil, "which", lambda name: real(name) if name == request.param else None)
    return str(request.param)


def secret(place: Path, text: str) -> str:
    """A root-only file."""
    place.parent.chmod(0o755)
    place.write_text(f"{text}\n")
    place.chmod(0o600)
    return f"from:{place}"


@pytest.mark.not_in_one_file("ssl")
def test_https_goes_through_a_tunnel(certificate: Path, program: str, tmp_path: Path) -> None:
    """The proxy sees the server's name and its own login, never the content or the token."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", certificate)
    trusted = {"ca_file": f"{certificate}.crt", "timeout": 10}
    with Serving(lambda plain: context.wrap_socket(plain, server_side=True)) as (requests, port), proxied() as proxy:
        url = f"https://localhost:{port}"
        webhook.send(parcel(f"{url}/", proxy=f"http://{proxy.place}", **trusted))
        assert len(requests) == 1
        assert "Proxy-Authorization" not in requests[0][1]
        login = secret(tmp_path / "proxy", f"http://me:hunter2@{proxy.place}")
        webhook.send(parcel(f"{url}/", proxy=login, **trusted))
        with pytest.raises(TryLaterError, match="answers 500"):
            webhook.send(parcel(f"{url}/500", proxy=login, **trusted))
        with pytest.raises(DoctorError, match=r"certificate|trust|TLS"):
            webhook.send(parcel(f"{url}/", proxy=login, timeout=10))
    assert [head.split()[:2] for head in proxy.heads] == [["CONNECT", f"localhost:{port}"]] * 4
    assert [f"Basic {LOGIN}" in head for head in proxy.heads] == [False, True, True, True]


@pytest.mark.parametrize(
    ("status", "says", "again"),
    [
        (403, "answers 403 and does not connect", False),
        (407, "wants a valid user name and password", False),
        (503, "answers 503 and does not connect", True),
    ],
)
def test_a_proxy_that_refuses_is_named(program: str, status: int, says: str, again: bool) -> None:
    if program == "wget":
        says, again = "by the proxy|wants a valid|answers", True  # it names no status
    with proxied(status) as proxy, pytest.raises(DoctorError, match=says) as caught:
        webhook.send(parcel("https://h.example/x", proxy=f"http://{proxy.place}", timeout=10))
    assert isinstance(caught.value, TryLaterError) is again


def test_a_proxy_that_is_down_is_named(program: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        place = f"127.0.0.1:{one.getsockname()[1]}"
    with pytest.raises(TryLaterError, match=rf"by the proxy http://{place}"):
        webhook.send(parcel("https://h.example/x", proxy=f"http://{place}", timeout=10))


def test_http_is_sent_to_the_proxy_as_a_whole_url() -> None:
    with Serving(None) as (requests, port):
        webhook.send(parcel("http://h.example/204?k=1", proxy=f"http://127.0.0.1:{port}"))
    assert requests[0][0] == "http://h.example/204?k=1"
    assert requests[0][1]["Host"] == "h.example"


@pytest.mark.parametrize(
    ("given", "variables", "expected"),
    [
        ("", {}, ""),
        ("", {"HTTPS_PROXY": "proxy.lan:3128"}, "http://proxy.lan:3128"),
        ("", {"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:2"}, "http://a:1"),
        ("", {"HTTPS_PROXY": "http://a:1", "NO_PROXY": ".example"}, ""),
        ("", {"HTTPS_PROXY": "http://a:1", "no_proxy": "h.example:444"}, "http://a:1"),
        ("", {"http_proxy": "http://a:1", "HTTP_PROXY": "http://a:1"}, ""),
        ("direct", {"HTTPS_PROXY": "http://a:1"}, ""),
        ("http://c:3", {"HTTPS_PROXY": "http://a:1", "NO_PROXY": "*"}, "http://c:3"),
    ],
)
def test_who_names_the_proxy(
    given: str, variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    one = route("https://h.example/x", proxy=given)
    found = proxy_of(one)
    assert ("" if found is None else found.place) == expected
    assert by_environment(one) is (not given and bool(expected))


def test_a_proxy_that_can_not_be_used_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("socks5://a:1", "https://a:1", "http://a:0", "http://", "http://a b:1", "http://a:x", "a:1:2"):
        with pytest.raises(UsageError, match="is not an address of an HTTP proxy"):
            webhook.check(route("https://h.example/x", proxy=given))
    with pytest.raises(RefusedError, match="contains a login") as caught:
        webhook.check(route("https://h.example/x", proxy="http://me:hunter2@a:1"))
    assert "hunter2" not in str(caught.value)
    evil = secret(tmp_path / "evil", "http://me:hunter2%0aoutput=x@a:1")
    with pytest.raises(UsageError) as wrong:
        webhook.check(route("https://h.example/x", proxy=evil))
    assert "hunter2" not in str(wrong.value)
    with pytest.raises(UsageError, match="only a webhook has a proxy"):
        route("mailto:a@b", proxy="http://a:1")
    monkeypatch.setenv("HTTPS_PROXY", "ftp://a:1")
    with pytest.raises(UsageError, match="by the environment"):
        webhook.check(route("https://h.example/x"))
