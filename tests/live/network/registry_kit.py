"""A registry, a proxy and authorities outside a box: real servers, whose faults ``docker pull`` judges."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS

HUB = "registry-1.docker.io"
STORE = "/etc/ssl/certs/ca-certificates.crt"
NEEDS = ("docker-registry", "tinyproxy", "openssl")


def missing() -> str:
    """Programs that this machine lacks for these tests, in words; "" for none."""
    return ", ".join(name for name in NEEDS if shutil.which(name) is None)


class Outside:
    """Servers in the network namespace outside a box, all ended with it."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.directory = box.workdir / "registries"
        self.directory.mkdir()
        self._running: list[subprocess.Popen[bytes]] = []

    def authority(self, name: str) -> Path:
        """The certificate of an authority, made at its first use."""
        path = self.directory / f"{name}.crt"
        if not path.exists():
            key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{path}.key"]
            self._openssl("req", "-x509", *key, "-subj", f"/CN={name}", "-days", "30", "-out", str(path))
        return path

    def certificate(self, name: str, *, by: str = "Test CA", dates: tuple[str, str] | None = None) -> Path:
        """A certificate for a host's name; dates are notBefore and notAfter as YYYYMMDDHHMMSSZ."""
        authority = self.authority(by)
        path = self.directory / f"{name}-{by}-{'-'.join(dates or ())}.pem".replace(" ", "")
        key, request, extra = f"{path}.key", f"{path}.csr", Path(f"{path}.ext")
        extra.write_text(f"subjectAltName={'IP' if name[0].isdigit() else 'DNS'}:{name}\n")
        pair = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
        self._openssl("req", "-new", *pair, "-subj", f"/CN={name}", "-out", request)
        when = ["-days", "20"] if dates is None else ["-not_before", dates[0], "-not_after", dates[1]]
        signer = ["-CA", str(authority), "-CAkey", f"{authority}.key", "-CAcreateserial"]
        self._openssl("x509", "-req", "-in", request, *signer, *when, "-extfile", str(extra), "-out", str(path))
        return path

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    @contextmanager
    def registry(self, port: int = 443, certificate: Path | None = None) -> Iterator[None]:
        """Debian's docker-registry, with TLS if a certificate is given; all have the same images."""
        tls = f"  tls: {{certificate: {certificate}, key: {certificate}.key}}\n" if certificate else ""
        config = self.directory / f"registry-{port}.yml"
        storage = self.directory / "storage"
        config.write_text(
            f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {storage}}}}}\n"
            f"http:\n  addr: 0.0.0.0:{port}\n{tls}"
        )
        with self.program(["docker-registry", "serve", str(config)], port):
            yield

    @contextmanager
    def proxy(self, port: int = 3128, *lines: str) -> Iterator[None]:
        """A tinyproxy with more lines of its configuration."""
        config = self.directory / f"proxy-{port}.conf"
        names = self.directory / "hosts"
        names.write_text(f"{ADDRESS} {HUB} auth.docker.io hub.test mirror.test\n")
        config.write_text("\n".join((f"Port {port}", "Timeout 20", "MaxClients 20", "LogLevel Error", *lines, "")))
        # It resolves names itself.
        own = [
            "unshare",
            "-m",
            "sh",
            "-c",
            'mount --bind "$0" /etc/hosts && exec tinyproxy -d -c "$1"',
            str(names),
            str(config),
        ]
        with self.program(own, port):
            yield

    @contextmanager
    def script(self, source: str, port: int) -> Iterator[None]:
        """A server in Python for what no real server does on demand: silence, garbage, a slow answer."""
        path = self.directory / f"server-{port}.py"
        path.write_text(source)
        with self.program(["python3", str(path), str(port), str(self.directory)], port):
            yield

    @contextmanager
    def program(self, argv: list[str], port: int) -> Iterator[None]:
        """Run a server outside until the end of the block, from when it listens."""
        command = ["nsenter", "-t", str(self.box.outside_pid), "-n", *argv]
        with (self.directory / f"log-{port}").open("ab") as log:
            running = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            self._wait(running, port)
            yield
        finally:
            running.kill()
            running.wait(timeout=10)

    def _wait(self, running: subprocess.Popen[bytes], port: int) -> None:
        end = time.monotonic() + 10
        while running.poll() is None and time.monotonic() < end:
            listening = self.box.outside(["ss", "-Hltn", f"sport = :{port}"]).stdout
            if listening:
                return
            time.sleep(0.02)
        raise AssertionError((self.directory / f"log-{port}").read_text(errors="replace")[-2000:])

    # The box's side

    def trust(self, name: str = "Test CA") -> None:
        """Add an authority to the box's store, as update-ca-certificates does."""
        pem = self.authority(name).read_text()
        self.box.write(f"/usr/local/share/ca-certificates/{name.replace(' ', '-')}.crt", pem)
        self.box.write(STORE, self.box.read(STORE) + pem)

    def name(self, *names: str) -> None:
        """Let the box's /etc/hosts lead names to the outside."""
        self.box.write("/etc/hosts", f"127.0.0.1 localhost\n{ADDRESS} {' '.join(names)}\n")

    def fill(self) -> None:
        """Push the image ``library/bb:1``, of which every registry then has a copy."""
        with self.registry(5999):
            self.box.docker("tag", "bb:1", f"{ADDRESS}:5999/library/bb:1")
            self.box.docker("push", "-q", f"{ADDRESS}:5999/library/bb:1")
            self.box.docker("rmi", f"{ADDRESS}:5999/library/bb:1")


def pull(box: Box, image: str = "bb:1") -> str:
    """Pull an image; return "" or the engine's error."""
    done = box.run(["docker", "pull", "-q", image], check=False, timeout=90)
    box.run(["docker", "rmi", "-f", image], check=False)
    return "" if done.returncode == 0 else done.stderr.strip()


class Answer:
    """The answer of ``doctor probe registry``."""

    def __init__(self, box: Box) -> None:
        began = time.monotonic()
        done = box.doctor("probe", "registry", "--format", "json")
        self.seconds = time.monotonic() - began
        assert "Traceback" not in done.stderr, done.stderr
        self.probe: dict[str, Any] = json.loads(done.stdout)["probes"][0]
        self.exit = done.returncode

    @property
    def outcome(self) -> str:
        """pass, fail, skip, unproven or error."""
        return str(self.probe["outcome"])

    @property
    def message(self) -> str:
        """The judgement."""
        return str(self.probe["message"])

    @property
    def text(self) -> str:
        """Message and evidence."""
        return "\n".join([self.message, *(f"  {one['source']} | {one['value']}" for one in self.probe["evidence"])])
