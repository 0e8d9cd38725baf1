"""Mail and web servers outside of a box, each well or ill: python -m tests.live.commands.post_office FILE CERTIFICATE.

All that arrives is a line of JSON in FILE. Once the file FILE.well exists, the ill ones are well. The certificate's file has its key as well.

HTTP 8088 has a path for each illness: /slow, /drop, /500, /redirect; HTTPS 8443 is well. SMTP 2525 is well and offers STARTTLS; 2526 drops the
connection in the middle of the message, 2527 never greets, 2528 says "later", 2529 closes at once. Addresses that begin with "dead" are refused by all.
"""

import json
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ADDRESS = "198.51.100.2"
HTTP, HTTPS = 8088, 8443
MAIL, DROPPING, SILENT, LATER, CLOSING = 2525, 2526, 2527, 2528, 2529
_LOCK = threading.Lock()


class Office:
    """Where all that arrives is written, and whether the servers are well."""

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def is_well(self) -> bool:
        """Whether the ill servers work now."""
        return Path(f"{self.path}.well").exists()

    def note(self, **found: Any) -> None:
        """Write what arrived."""
        with _LOCK, Path(self.path).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(found) + "\n")


def web(office: Office, port: int, context: ssl.SSLContext | None) -> None:
    """Serve HTTP in a thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if not office.is_well and self.path == "/slow":
                for letter in b"HTTP/1.0 200 OK\r\n" * 20:
                    self.wfile.write(bytes([letter]))
                    time.sleep(0.2)
                return
            is_dropping = self.path == "/drop" and not office.is_well
            body = self.rfile.read(int(self.headers["Content-Length"]) // (2 if is_dropping else 1))
            if is_dropping:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status = {"/500": 500, "/redirect": 307}.get(self.path, 204) if not office.is_well else 204
            if status == 204:
                office.note(
                    port=port,
                    path=self.path,
                    body=body.decode(),
                    headers={k.lower(): v for k, v in self.headers.items()},
                )
            self.send_response(status)
            if status == 307:
                self.send_header("Location", "http://127.0.0.1:1/steal")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((ADDRESS, port), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def mail(office: Office, port: int, context: ssl.SSLContext) -> None:
    """Serve SMTP by aiosmtpd in a thread."""
    from aiosmtpd.controller import Controller

    class Handler:
        async def handle_MAIL(  # noqa: N802 - the library's name
            self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
        ) -> str:
            if port == LATER and not office.is_well:
                return "451 4.7.1 greylisted, try again later"
            envelope.mail_from = address
            envelope.mail_options.extend(options)
            return "250 OK"

        async def handle_RCPT(  # noqa: N802
            self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
        ) -> str:
            if address.startswith("dead") and not office.is_well:
                return "550 5.1.1 no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            if port == DROPPING and not office.is_well:
                server.transport.abort()
                return "250 never sent"
            office.note(
                port=port,
                sender=envelope.mail_from,
                to=envelope.rcpt_tos,
                mail=envelope.content.decode(),
                tls=session.ssl is not None,
            )
            return "250 OK"

    Controller(Handler(), hostname=ADDRESS, port=port, tls_context=context, server_hostname="mail.test").start()


def ill(office: Office, port: int, context: ssl.SSLContext) -> None:
    """Accept connections and say nothing, or close them, until the servers are well."""
    server = socket.create_server((ADDRESS, port))
    server.settimeout(0.1)
    kept = []
    while not office.is_well:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        if port == CLOSING:
            connection.close()
        else:
            kept.append(connection)
    server.close()
    mail(office, port, context)


def main() -> None:
    """Serve until killed."""
    office = Office(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    web(office, HTTP, None)
    web(office, HTTPS, context)
    for port in (MAIL, DROPPING, LATER):
        mail(office, port, context)
    for port in (SILENT, CLOSING):
        threading.Thread(target=ill, args=(office, port, context), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
