"""A webhook and its server: what arrives, and each way in which a server can fail."""

import hashlib
import hmac
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from doctor.model.errors import DoctorError, RefusedError
from doctor.notify import by_curl, send, tls
from doctor.notify.send import TryLaterError
from doctor.notify.ways import webhook
from tests.unit.notify.kit import parcel, route

Requests = list[tuple[str, dict[str, str], bytes]]


class Hook(BaseHTTPRequestHandler):
    """Answers with the status in the path; keeps what it got."""

    got: Requests

    def do_POST(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers), body))
        status = int(self.path.partition("?")[0].rpartition("/")[2] or 204)
        self.send_response(status)
        if status in {301, 302, 307, 308}:
            self.send_header("Location", "http://127.0.0.1:1/steal")
        self.end_headers()
        if status != 204:
            self.wfile.write(b"no \x1b[31mspace\nsecond line")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def got() -> Iterator[tuple[Requests, str]]:
    """The requests that a plain server got, and its URL."""
    with Serving(None) as (requests, port):
        yield requests, f"http://127.0.0.1:{port}"


class Serving:
    """A server in a thread: what it got, and its port."""

    def __init__(self, wrap: Callable[[socket.socket], socket.socket] | None) -> None:
        self.got: Requests = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("H", (Hook,), {"got": self.got}))
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if wrap is not None:
            self.server.socket = wrap(self.server.socket)

    def __enter__(self) -> tuple[Requests, int]:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self.got, self.server.server_address[1]

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def key(place: Path) -> str:
    """A file with a secret."""
    place.parent.chmod(0o755)
    place.write_text("hunter2\n")
    place.chmod(0o600)
    return str(place)


def test_the_body_is_json_and_signed(got: tuple[Requests, str], tmp_path: Path) -> None:
    webhook.send(parcel(f"{got[1]}/?a=1", secret_file=key(tmp_path / "key")))
    (path, headers, body), *_ = got[0]
    assert path == "/?a=1"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)["news"][0]["message"] == "web is corrupt"
    expected = hmac.new(b"hunter2", body, hashlib.sha256).hexdigest()
    assert headers["X-Doctor-Signature-256"] == f"sha256={expected}"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(got: tuple[Requests, str], status: int) -> None:
    with pytest.raises(DoctorError, match=f"answers {status} and redirects to 127.0.0.1") as caught:
        webhook.send(parcel(f"{got[1]}/{status}"))
    assert not isinstance(caught.value, TryLaterError)


@pytest.mark.parametrize(("status", "again"), [(500, True), (503, True), (429, True), (400, False), (404, False)])
def test_an_error_of_the_server(got: tuple[Requests, str], status: int, *, again: bool) -> None:
    """The first line of its answer is shown, harmless to a terminal; only some are worth another attempt."""
    with pytest.raises(DoctorError, match=rf"answers {status}: no \\x1b\[31mspace$") as caught:
        webhook.send(parcel(f"{got[1]}/{status}"))
    assert isinstance(caught.value, TryLaterError) is again


def test_attempts_end(got: tuple[Requests, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Three for a server that fails, each with the same id; one for a wrong request."""
    monkeypatch.setattr(send, "_PAUSES_S", (0.0, 0.0))
    assert send.deliver((parcel(f"{got[1]}/500"),))[0].error.endswith("(3 attempts)")
    assert len({headers["X-Doctor-Id"] for _, headers, _ in got[0]}) == 1
    assert len(got[0]) == 3
    send.deliver((parcel(f"{got[1]}/404"),))
    assert len(got[0]) == 4


@pytest.mark.parametrize("kind", ["silent", "dripping", "closing", "garbage"])
def test_a_server_that_does_not_answer(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hangs, answers a byte at a time, closes, or does not speak HTTP: an error in time."""
    monkeypatch.setattr(send, "ATTEMPTS", 1)
    monkeypatch.setattr(send, "_PAUSES_S", ())
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(10)

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            if kind == "garbage":
                connection.sendall(b"220 mail ESMTP\r\n")
            end = threading.Event()
            for _ in range(400):
                if kind in {"closing", "garbage"} or end.wait(0.02):
                    return
                if kind == "dripping":
                    try:
                        connection.sendall(b"H" if _ == 0 else b"T")
                    except OSError:
                        return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    (result,) = send.deliver((parcel(f"http://127.0.0.1:{server.getsockname()[1]}/"),))
    assert (result.done, bool(result.error)) == (False, True)
    server.close()


PROGRAMS = ["python", *filter(shutil.which, ["curl", "wget"])]


@pytest.mark.not_in_one_file("ssl")
@pytest.mark.parametrize("program", PROGRAMS)
def test_certificates_are_checked(
    certificate: Path, program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By Python, curl and wget alike: unknown is refused before a byte is sent, the given CA is accepted."""
    if program != "python":
        monkeypatch.setattr(tls, "is_there", lambda: False)
        real = shutil.which
        monkeypatch.setattr(shutil, "which", lambda name: real(name) if name == program else None)
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", certificate)
    with Serving(lambda plain: context.wrap_socket(plain, server_side=True)) as (requests, port):
        url = f"https://localhost:{port}"
        with pytest.raises(DoctorError) as caught:
            webhook.send(parcel(f"{url}/"))
        assert not isinstance(caught.value, TryLaterError)
        assert requests == []
        trusted = {"ca_file": f"{certificate}.crt", "secret_file": key(tmp_path / "key"), "auth": "bearer"}
        webhook.send(parcel(f"{url}/", **trusted))
        assert requests[0][1]["Authorization"] == "Bearer hunter2"
        assert json.loads(requests[0][2])["kind"] == "notification"
        with pytest.raises(DoctorError, match=r"answers 307 and redirects to 127\.0\.0\.1"):
            webhook.send(parcel(f"{url}/307", **trusted))
        with pytest.raises(TryLaterError, match="answers 500"):
            webhook.send(parcel(f"{url}/500", **trusted))


def test_without_tls_and_without_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation refuses it and says what to do."""
    monkeypatch.setattr(tls, "is_there", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(DoctorError, match="neither curl nor GNU wget — install curl"):
        webhook.check(route("https://h/x"))


def test_a_token_is_never_sent_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(DoctorError, match="must not be sent without TLS"):
        webhook.check(route("http://h/x", secret_file=key(tmp_path / "key"), auth="bearer"))
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(RefusedError, match="other users can read the secret"):
        webhook.check(route("https://h/x", secret_file=str(tmp_path / "key")))


@pytest.mark.parametrize("has_tls", [True, False])
def test_an_answer_that_repeats_the_path_shows_no_secret(monkeypatch: pytest.MonkeyPatch, *, has_tls: bool) -> None:
    """Many servers do, with 404; the error is in logs, and in what other recipients are sent."""
    path = "/services/T0AB/" + "hunter2" * 20
    says = f'{{"status":404,"path":"{path}","note":"nobody listens"}}'
    monkeypatch.setattr(tls, "is_there", lambda: has_tls)
    monkeypatch.setattr(*((webhook, "_post") if has_tls else (by_curl, "post")), lambda *_: (404, "", says))
    with pytest.raises(DoctorError, match="nobody listens") as caught:
        webhook.send(parcel(f"https://h.example{path}?key=hunter2"))
    assert "hunter2" not in str(caught.value)
    assert "T0AB" not in str(caught.value)
