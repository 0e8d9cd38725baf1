"""Mail to a real server: encrypted where it is offered, checked where it matters; by Python, and by curl where there is no TLS."""

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doctor.model.errors import DoctorError
from doctor.notify import by_curl, tls
from doctor.notify.mail import MailRoute
from doctor.notify.routes import routes_of
from doctor.notify.send import Parcel, TryLaterError, deliver
from doctor.notify.ways import smtp
from doctor.state.settings import Recipient
from tests.unit.notify.kit import finding, notice, parcel, route


class Mailbox:
    """The mail that arrived; some addresses are refused."""

    def __init__(self) -> None:
        self.got: list[tuple[str, list[str], bytes, bool, bool]] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        """Refuse by name."""
        if address.startswith("dead"):
            return "550 5.1.1 no such user"
        if address.startswith("later"):
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's names
        """Keep it."""
        self.got.append(
            (
                envelope.mail_from,
                envelope.rcpt_tos,
                envelope.content,
                session.ssl is not None,
                bool(session.authenticated),
            )
        )
        return "250 OK"


def log_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
    """Accept one user."""
    aiosmtp = pytest.importorskip("aiosmtpd.smtp")
    is_known = (data.login, data.password) == (b"me", b"hunter2")
    return aiosmtp.AuthResult(success=is_known, handled=False)


@pytest.fixture
def server(certificate: Path) -> Iterator[tuple[Mailbox, int]]:
    """A server with STARTTLS and logins."""
    import ssl

    controller = pytest.importorskip("aiosmtpd.controller")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", certificate)
    box = Mailbox()
    running = controller.Controller(
        box, hostname="127.0.0.1", port=0, tls_context=context, authenticator=log_in, auth_require_tls=True
    )
    running.port = _free_port()
    running.start()
    yield box, running.port
    running.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture(params=["python", "curl"])
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who sends."""
    if request.param == "curl":
        if shutil.which("curl") is None:
            pytest.skip("there is no curl on this machine")
        monkeypatch.setattr(tls, "is_there", lambda: False)
    return str(request.param)


def key(place: Path) -> str:
    """A file with a password."""
    place.parent.chmod(0o755)
    place.write_text("hunter2\n")
    place.chmod(0o600)
    return str(place)


@pytest.mark.not_in_one_file("ssl")
def test_a_relay_is_encrypted_without_a_check(server: tuple[Mailbox, int], program: str) -> None:
    """STARTTLS is offered, and its certificate is unknown: it is used as mail servers do."""
    smtp.send(parcel(f"smtp://127.0.0.1:{server[1]}/?to=a@example.com&from=d@example.com", timeout=10))
    assert {sender for sender, *_ in server[0].got} == {"d@example.com"}
    assert [to for _, got, *_ in server[0].got for to in got] == ["a@example.com"]
    assert all(is_encrypted for *_, is_encrypted, _ in server[0].got)
    assert b"Subject: [doctor] alpha: 1 new (worst: error)\r\n" in server[0].got[0][2]


@pytest.mark.not_in_one_file("ssl")
def test_a_checked_certificate_must_be_known(server: tuple[Mailbox, int], program: str, certificate: Path) -> None:
    url = f"smtp://localhost:{server[1]}/?to=a@example.com&tls=checked"
    with pytest.raises(DoctorError) as caught:
        smtp.send(parcel(url, timeout=10))
    assert not isinstance(caught.value, TryLaterError)
    assert server[0].got == []
    smtp.send(parcel(url, ca_file=f"{certificate}.crt", timeout=10))
    assert [is_encrypted for *_, is_encrypted, _ in server[0].got] == [True]


@pytest.mark.not_in_one_file("ssl")
def test_a_password_is_sent_only_to_a_known_server(
    server: tuple[Mailbox, int], program: str, certificate: Path, tmp_path: Path
) -> None:
    url, secret = f"smtp://me@localhost:{server[1]}/?to=a@example.com", key(tmp_path / "key")
    with pytest.raises(DoctorError):
        smtp.send(parcel(url, secret_file=secret, timeout=10))
    assert server[0].got == []
    smtp.send(parcel(url, secret_file=secret, ca_file=f"{certificate}.crt", timeout=10))
    assert [is_known for *_, is_known in server[0].got] == [True]
    (tmp_path / "key").write_text("wrong\n")
    with pytest.raises(DoctorError) as caught:
        smtp.send(parcel(url, secret_file=secret, ca_file=f"{certificate}.crt", timeout=10))
    assert not isinstance(caught.value, TryLaterError)
    assert "wrong" not in str(caught.value)


@pytest.mark.not_in_one_file("ssl")
def test_a_refused_address(server: tuple[Mailbox, int], program: str) -> None:
    """Now or later; among others it is a recipient of its own, and the others have it."""
    url = f"smtp://127.0.0.1:{server[1]}/?to="
    with pytest.raises(DoctorError, match="550") as caught:
        smtp.send(parcel(f"{url}dead@example.com", timeout=10))
    assert not isinstance(caught.value, TryLaterError)
    with pytest.raises(TryLaterError, match="451"):
        smtp.send(parcel(f"{url}later@example.com", timeout=10))
    routes = routes_of(Recipient(to=f"{url}dead@example.com,a@example.com,b@example.com", timeout=10))
    results = deliver(tuple(Parcel(delivery=one, notice=notice(finding())) for one in routes))
    assert [(one.done, "550" in one.error) for one in results] == [(False, True), (True, False), (True, False)]
    assert sorted(to for _, got, *_ in server[0].got for to in got) == ["a@example.com", "b@example.com"]
    assert [content.count(b"@example.com") for _, _, content, *_ in server[0].got] == [1, 1]


@pytest.mark.not_in_one_file("ssl")
def test_without_tls_and_curl_only_a_relay_is_used(
    server: tuple[Mailbox, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tls, "is_there", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    smtp.send(parcel(f"smtp://127.0.0.1:{server[1]}/?to=a@example.com", timeout=10))
    assert [is_encrypted for *_, is_encrypted, _ in server[0].got] == [False]
    for url in ("smtps://h/?to=a@b", "smtp://h/?to=a@b&tls=checked"):
        with pytest.raises(DoctorError, match="the host has no curl"):
            smtp.check(route(url))
    with pytest.raises(DoctorError, match="the host has no curl"):
        smtp.check(route("smtp://me@h/?to=a@b", secret_file=key(tmp_path / "key")))


def test_no_argument_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process list has the path of a file that only the program has open."""
    seen: list[list[str]] = []

    def ran(argv: list[str], *_: object) -> object:
        seen.append(argv)
        raise DoctorError("seen")

    monkeypatch.setattr(tls, "is_there", lambda: False)
    monkeypatch.setattr(by_curl, "_ran", ran)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(DoctorError, match="seen"):
        smtp.send(parcel("smtp://me@h/?to=a@b", secret_file=key(tmp_path / "key")))
    assert [word for argv in seen for word in argv][:3] == ["/usr/bin/curl", "-q", "--config"]
    assert "hunter2" not in str(seen)


def test_an_answer_without_an_end_is_refused() -> None:
    """The library would keep 50 MiB of it a second, until the time is over."""

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            while True:
                connection.sendall(b"220-hello\r\n" * 1000)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        one = parcel(f"smtp://127.0.0.1:{listening.getsockname()[1]}/?to=a@example.com", timeout=10)
        with pytest.raises(DoctorError, match="has no end"):
            smtp._send(one, MailRoute(one.delivery))
        thread.join(5)


def test_the_module_needs_no_tls() -> None:
    """Of the one file: its library has no client with TLS."""
    code = "import sys; sys.modules['ssl'] = None; import doctor.notify.ways.smtp, doctor.notify.ways.webhook, doctor.notify.proxy"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.not_in_one_file("ssl")
def test_a_server_with_tls_from_the_beginning(certificate: Path) -> None:
    import ssl

    controller = pytest.importorskip("aiosmtpd.controller")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", certificate)
    box = Mailbox()
    running = controller.Controller(box, hostname="127.0.0.1", port=_free_port(), ssl_context=context)
    running.start()
    url = f"smtps://localhost:{running.port}/?to=a@example.com"
    with pytest.raises(DoctorError, match="is not trusted"):
        smtp.send(parcel(url, timeout=10))
    smtp.send(parcel(url, ca_file=f"{certificate}.crt", timeout=10))
    running.stop()
    # The server notes only STARTTLS; that it speaks TLS, the refused certificate shows.
    assert [to for _, to, *_ in box.got] == [["a@example.com"]]
