"""An API server of the tests: real HTTP, one node, and each body checked with the published schema of Kubernetes."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

import pytest

from doctor import IS_ONE_FILE

VERSIONS = ("1.30.0", "1.37.0")
NODE = "node-1.example"
Reply = Callable[["Handler"], None]


def valid(document: dict[str, Any]) -> None:
    """Check an object with the schemas, unknown fields included; skip where they are not installed.

    Their package has compiled modules, so that the one file's tests leave this to those of the installed command.
    """
    if IS_ONE_FILE:
        return
    schemas = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    for version in VERSIONS:
        schemas.validate(document, version, strict=True)


class Handler(BaseHTTPRequestHandler):
    """Answers as an API server does: a script of failures first, then for real."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def answer(self, status: int, body: dict[str, Any] | bytes, **headers: str) -> None:
        """Send an answer."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def refuse(self, status: int, message: str, **headers: str) -> None:
        """Send a refusal in the form of the API."""
        self.answer(status, {"kind": "Status", "status": "Failure", "message": message, "code": status}, **headers)

    def do_PATCH(self) -> None:
        """Patch the node's status."""
        self._take()

    def do_POST(self) -> None:
        """Create an event."""
        self._take()

    def _take(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.requests.append((self.command, self.path, dict(self.headers), json.loads(raw)))
        if self.server.script:
            self.server.script.pop(0)(self)
            return
        path, body = self.path.partition("?")[0], json.loads(raw)
        if self.command == "PATCH" and path == f"/api/v1/nodes/{NODE}/status":
            assert self.headers["Content-Type"] == "application/strategic-merge-patch+json"
            self.server.merge(body)
            self.answer(200, self.server.node)
        elif self.command == "POST" and re.fullmatch(r"/api/v1/namespaces/default/events", path):
            valid(body)
            # Validation asks this beyond the schema: an event about a node is in the namespace "default".
            assert body["metadata"]["namespace"] == "default"
            assert len(body["message"].encode()) <= 1024
            self.server.events.append(body)
            self.answer(201, body)
        else:
            self.refuse(404, f"nodes {path} not found")


class Server(ThreadingHTTPServer):
    """The server's state: the node, the events, all requests, and the answers that come first."""

    daemon_threads = True

    def __init__(self, address: str = "127.0.0.1") -> None:
        """Listen on a free port of an address, by default the loopback's."""
        super().__init__((address, 0), Handler)
        self.requests: list[tuple[str, str, dict[str, str], dict[str, Any]]] = []
        self.events: list[dict[str, Any]] = []
        self.script: list[Reply] = []
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
        }
        self.node: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE, "uid": "0a-1b"},
            "status": {"conditions": [ready]},
        }

    def server_bind(self) -> None:
        """Bind without the look-up of this machine's name, which takes seconds without a name server."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    @property
    def url(self) -> str:
        """The address."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def merge(self, body: dict[str, Any]) -> None:
        """Merge a strategic patch: conditions by their type, and nothing else is patched."""
        assert set(body) <= {"status"}
        assert set(body.get("status", {})) <= {"conditions"}
        merged = {one["type"]: one for one in self.node["status"]["conditions"]}
        for one in body.get("status", {}).get("conditions", []):
            merged[one["type"]] = {**merged.get(one["type"], {}), **one}
        self.node["status"]["conditions"] = list(merged.values())
        valid(self.node)

    def condition(self, name: str = "ContainerHostProblem") -> dict[str, Any]:
        """The node's condition of a type; empty without one."""
        found: dict[str, Any] = next((one for one in self.node["status"]["conditions"] if one["type"] == name), {})
        return found


def encrypt(server: Server, place: Path) -> Path:
    """Give a server TLS, with a certificate of its own for its address; return the certificate's file."""
    # The one file has no such module, and runs the other tests.
    import ssl

    name = f"subjectAltName=IP:{server.server_address[0]!s}"
    words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-addext", name]
    command = ["openssl", "req", "-x509", *words, "-keyout", "key", "-out", "ca.crt", "-subj", "/CN=api"]
    subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=20)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "ca.crt", place / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return place / "ca.crt"


@contextmanager
def serving(made: Server | None = None) -> Iterator[Server]:
    """Run a server in a thread."""
    server = made or Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def account(place: Path, token: str = "first.token") -> str:
    """Write a service account's directory."""
    place.mkdir(exist_ok=True)
    (place / "token").write_text(token)
    return str(place)
