"""A real API server: kube-apiserver, built from Debian's source package, beside Debian's etcd.

    python -m tests.kubernetes.api_server     builds it into the cache: 5 minutes of CPU
    with running(place) as server: ...

Debian 12 has the last source package of Kubernetes that is whole (1.20.2); newer ones hold the client alone. It is compiled by the
Go of its time, Debian 11's. Nothing of both is installed.
"""

import base64
import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.hosts import archive

SOURCE = "kubernetes=1.20.5+really1.20.2-1.1+deb12u1"
GO = ("golang-1.15-go", "golang-1.15-src")
_SOURCES = """Types: deb deb-src
URIs: {mirror}
Suites: bookworm bullseye
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp
"""
_VERSION = """KUBE_GIT_COMMIT='debian'
KUBE_GIT_TREE_STATE='archive'
KUBE_GIT_VERSION='v1.20.2'
KUBE_GIT_MAJOR='1'
KUBE_GIT_MINOR='20'
"""
ADMIN = "an.admin.token"
_PROGRAMS = ("etcd", "kubectl", "openssl")
_BUILDERS = ("dpkg-source", "jq", "make", "rsync")


def why_not() -> str:
    """Why it can't run here, in words for a skip; empty when it can."""
    missing = [name for name in _PROGRAMS if not shutil.which(name)]
    if missing:
        return f"needs {', '.join(missing)} (Debian: etcd-server, kubectl, openssl)"
    if not list(archive.cache_directory().glob("kube-apiserver-*")):
        return "there is no kube-apiserver: python -m tests.kubernetes.api_server builds it"
    return ""


def program() -> Path:
    """Return the server; built once, then from the cache."""
    return archive.cached("kube-apiserver", "\n".join(["1", SOURCE, *GO]), _build)


def _build(target: Path) -> None:
    if missing := [name for name in _BUILDERS if not shutil.which(name)]:
        raise SystemExit(f"the build needs {', '.join(missing)} (Debian: dpkg-dev, jq, make, rsync)")
    place = target.with_name(f"partial-{os.getpid()}")
    words = _apt(place)
    try:
        for command in (
            ["apt-get", *words, "-q", "update"],
            ["apt-get", *words, "-q", "download", *GO],
            ["apt-get", *words, "-q", "source", "--download-only", SOURCE],
        ):
            subprocess.run(command, cwd=place, check=True)
        for package in place.glob("golang-*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, place / "go"], check=True)
        (source,) = place.glob("*.dsc")
        subprocess.run(["dpkg-source", "--no-check", "-x", source, place / "src"], check=True)
        _make(place)
        (place / "src/_output/local/bin/linux/amd64/kube-apiserver").rename(target)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _apt(place: Path) -> list[str]:
    """Return apt's options for a state of its own: this machine's lists stay as they are."""
    for name in ("lists/partial", "cache/archives/partial", "parts"):
        (place / name).mkdir(parents=True)
    host = Path("/etc/apt/sources.list.d/debian.sources").read_text(encoding="utf-8")
    mirror = next(line.partition(":")[2].strip() for line in host.splitlines() if line.startswith("URIs:"))
    (place / "parts/old.sources").write_text(_SOURCES.format(mirror=mirror), encoding="utf-8")
    options = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": place / "parts",
        "Dir::State::Lists": place / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": place / "cache",
        "APT::Sandbox::User": "root",
    }
    return [word for key, value in options.items() for word in ("-o", f"{key}={value}")]


def _make(place: Path) -> None:
    go, home = place / "go/usr/lib/go-1.15", place / "home"
    home.mkdir()
    links = place / "src/.go/src/k8s.io"
    links.mkdir(parents=True)
    (links / "kubernetes").symlink_to("../../..")
    (place / "version").write_text(_VERSION, encoding="utf-8")
    environment = {
        "PATH": f"{go}/bin:{os.environ['PATH']}",
        "GOROOT": str(go),
        "GOPATH": str(place / "src/.go"),
        "GOCACHE": str(place / "gocache"),
        "GOPROXY": "off",
        "HOME": str(home),
        "CGO_ENABLED": "0",
        "KUBE_GIT_VERSION_FILE": str(place / "version"),
    }
    # The source's own rules, as debian/rules calls them: they generate what is not in the archive.
    subprocess.run(["make", "WHAT=cmd/kube-apiserver"], cwd=place / "src", env=environment, check=True)


class ApiServer:
    """A server that runs: its address, its certificate, and requests to it."""

    def __init__(self, place: Path, port: int) -> None:
        """Take the directory with its certificate."""
        self.place, self.port = place, port
        self.url = f"https://127.0.0.1:{port}"
        self.authority = place / "tls.crt"
        self._context = ssl.create_default_context(cafile=str(self.authority))

    def ask(self, method: str, path: str, body: Any = None, *, token: str = ADMIN) -> tuple[int, dict[str, Any]]:
        """Send a request and return the status and the answer."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if method == "PATCH":
            headers["Content-Type"] = "application/strategic-merge-patch+json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20, context=self._context) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}")

    def kubectl(self, *words: str, token: str = ADMIN, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run Kubernetes' own client."""
        command = ["kubectl", f"--server={self.url}", f"--certificate-authority={self.authority}", f"--token={token}"]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0 or not check, done.stderr
        return done


@contextlib.contextmanager
def running(place: Path) -> Iterator[ApiServer]:
    """Run etcd and the server with RBAC and tokens, on ports of the loopback; end both."""
    port, store, peer = _ports(3)
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=api", "-addext", "subjectAltName=IP:127.0.0.1"]
    for command in (
        ["openssl", "genrsa", "-out", "accounts.key", "2048"],
        ["openssl", "req", "-x509", *ec, "-keyout", "tls.key", "-out", "tls.crt", *name],
    ):
        subprocess.run(command, cwd=place, check=True, capture_output=True)
    (place / "tokens.csv").write_text(f"{ADMIN},admin,1,system:masters\n", encoding="utf-8")
    etcd = [
        "etcd",
        "--data-dir=etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls=http://127.0.0.1:{store}",
        f"--advertise-client-urls=http://127.0.0.1:{store}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
    ]
    server = [
        str(program()),
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--tls-cert-file=tls.crt",
        "--tls-private-key-file=tls.key",
        "--token-auth-file=tokens.csv",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        "--service-account-key-file=accounts.key",
        "--service-account-signing-key-file=accounts.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        # A pod's account is made by a controller, which does not run here.
        "--disable-admission-plugins=ServiceAccount",
    ]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for command in (etcd, server):
            with (place / f"{Path(command[0]).name[:4]}.log").open("wb") as log:
                started.append(subprocess.Popen(command, cwd=place, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        found = ApiServer(place, port)
        _await(found, started)
        yield found
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(server: ApiServer, started: list["subprocess.Popen[bytes]"]) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and all(process.poll() is None for process in started):
        with contextlib.suppress(OSError, ValueError):
            if server.ask("GET", "/api/v1/namespaces/default")[0] == 200 and _is_ready(server):
                return
        time.sleep(0.2)
    raise AssertionError((server.place / "kube.log").read_text(encoding="utf-8", errors="replace")[-2000:])


def _is_ready(server: ApiServer) -> bool:
    # /readyz answers in plain text.
    roles, _ = server.ask("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:discovery")
    return roles == 200


def claims(token: str) -> dict[str, Any]:
    """Return what is in a service account's token."""
    middle = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return found


def _ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


if __name__ == "__main__":
    print(program())
