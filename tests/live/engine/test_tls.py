"""Certificates of the engine's TLS listener, judged by a real client and by dockerd itself."""

import json

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live

FOLDER = "/etc/docker"
SETTINGS = {
    "hosts": ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2376"],
    "tlsverify": True,
    "tlscacert": f"{FOLDER}/c.pem",
    "tlscert": f"{FOLDER}/c.pem",
    "tlskey": f"{FOLDER}/k.pem",
}


def make(box: Box, name: str, *, until: str) -> None:
    """Make a certificate that is its own authority."""
    script = f"""
    mkdir -p {FOLDER} && cd {FOLDER} && umask 077
    openssl req -x509 -newkey rsa:2048 -nodes -keyout {name}k.pem -out {name}c.pem -subj /CN=localhost \\
        -addext subjectAltName=DNS:localhost -not_before 20200101000000Z -not_after {until}
    """
    box.run(["sh", "-ec", script])


def client(box: Box) -> str:
    """Return the answer to a client with the same certificate, "" for success."""
    options = ["--tlsverify", *(f"--tls{key}={SETTINGS[f'tls{key}']}" for key in ("cacert", "cert", "key"))]
    done = box.run(["docker", *options, "-H", "tcp://localhost:2376", "ps"], check=False)
    return "" if done.returncode == 0 else done.stderr


def found(box: Box) -> dict[str, bool]:
    """Files that the check finds, and whether they stop a start."""
    done = box.doctor("scan", "--select", "security/tls-certificate", "--format", "json")
    return {one["subject"]["name"]: "start" in one["message"] for one in json.loads(done.stdout)["findings"]}


def test_an_expired_certificate_and_a_foreign_key_are_found(bare_box: Box) -> None:
    """The local socket answers and clients are refused; with another's key dockerd does not start."""
    box = bare_box
    make(box, "", until="21200101000000Z")
    box.write(f"{FOLDER}/daemon.json", json.dumps(SETTINGS))
    box.start_dockerd(settings=True)
    assert client(box) == ""
    assert found(box) == {}

    make(box, "", until="20210101000000Z")
    box.stop_dockerd()
    box.start_dockerd(settings=True)
    assert "expired" in client(box)
    assert found(box) == {f"{FOLDER}/c.pem": False}

    box.run(["openssl", "rsa", "-aes256", "-passout", "pass:x", "-in", f"{FOLDER}/k.pem", "-out", f"{FOLDER}/xk.pem"])
    plain = box.read(f"{FOLDER}/k.pem")
    box.run(["cp", f"{FOLDER}/xk.pem", f"{FOLDER}/k.pem"])
    assert found(box)[f"{FOLDER}/k.pem"]
    box.write(f"{FOLDER}/k.pem", plain)

    make(box, "x", until="21200101000000Z")
    box.run(["cp", f"{FOLDER}/xc.pem", f"{FOLDER}/c.pem"])
    assert found(box) == {f"{FOLDER}/k.pem": True}
    box.stop_dockerd()
    done = box.run(["timeout", "20", "dockerd", "--validate=false"], check=False)
    assert "private key does not match public key" in done.stderr + done.stdout
