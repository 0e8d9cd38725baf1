"""The probe of registries against real ones: it says what ``docker pull`` then meets, and its advice heals it."""

import json
from collections.abc import Iterator

import pytest

from tests.hosts.box import Box
from tests.live.network.registry_kit import HUB, Answer, Outside, missing, pull

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(missing()), reason=f"this machine lacks {missing()}")]
PROXY = "198.51.100.2:3128"
PAST, FUTURE = ("20200101000000Z", "20210101000000Z"), ("20900101000000Z", "20910101000000Z")
SILENT = """
import socket, sys
server = socket.create_server(("", int(sys.argv[1])), backlog=50)
held = []
while True:
    held.append(server.accept())
"""


@pytest.fixture(scope="module")
def outside(can_box: None) -> Iterator[Outside]:
    """A box without images, and an outside with the image ``library/bb:1``; tests leave the engine's settings behind."""
    with Box() as box:
        made = Outside(box)
        box.write("/etc/docker/daemon.json", json.dumps({"insecure-registries": ["198.51.100.2:5999"]}))
        box.start_dockerd()
        box.run(["sh", "-c", "tar -C / -c bin/busybox | docker import - bb:1"])
        made.fill()
        box.docker("rmi", "-f", "bb:1")
        made.name(HUB, "mirror.test")
        _settings(box, {})
        yield made


def _settings(box: Box, settings: dict[str, object]) -> None:
    box.stop_dockerd()
    box.write("/etc/docker/daemon.json", json.dumps(settings))
    box.start_dockerd()


def _both_fail(box: Box, doctor: str, engine: str) -> None:
    """The probe fails with these words, and so does a pull with its own."""
    found = Answer(box)
    assert (found.outcome, found.exit) == ("fail", 1), found.text
    assert doctor in found.message, found.text
    assert engine in pull(box)


def _both_work(box: Box) -> None:
    found = Answer(box)
    assert found.outcome == "pass", found.text
    assert pull(box) == ""


def test_certificates_are_judged_as_a_pull_does(outside: Outside) -> None:
    box = outside.box
    good = outside.certificate(HUB, by="First CA")
    with outside.registry(443, good):
        _both_fail(box, "an authority that this host does not trust (First CA)", "unknown authority")
        outside.trust("First CA")
        _both_fail(box, "was added after the engine's start", "unknown authority")
        _settings(box, {})
        _both_work(box)
        box.run(["iptables", "-I", "OUTPUT", "-p", "tcp", "--dport", "443", "-j", "REJECT"])
        _both_fail(box, "refuses connections on port 443", "connection refused")
        box.run(["iptables", "-F", "OUTPUT"])
        lost = ["INPUT", "-p", "tcp", "--sport", "443", "-m", "length", "--length", "700:", "-j", "DROP"]
        box.run(["iptables", "-I", *lost])
        found = Answer(box)
        assert "loses large packets" in found.message
        assert found.seconds < 6
        box.run(["iptables", "-D", *lost])
    for certificate, doctor, engine in (
        (
            outside.certificate(HUB, by="First CA", dates=PAST),
            "that expired on 2021-01-01",
            "expired or is not yet valid",
        ),
        (
            outside.certificate(HUB, by="First CA", dates=FUTURE),
            "not valid before 2090-01-01",
            "expired or is not yet valid",
        ),
        (
            outside.certificate("other.test", by="First CA"),
            "another name: it is for other.test",
            "valid for other.test",
        ),
        (None, "is answered in plain HTTP", "HTTP response to HTTPS client"),
    ):
        with outside.registry(443, certificate):
            _both_fail(box, doctor, engine)


def test_proxies_are_judged_as_a_pull_does(outside: Outside) -> None:
    box = outside.box
    outside.trust()
    with outside.registry(443, outside.certificate(HUB)):
        _settings(box, {"proxies": {"https-proxy": f"http://{PROXY}"}})
        _both_fail(box, f"the proxy http://{PROXY} refuses connections", "proxyconnect tcp")
        with outside.proxy(3128, "ConnectPort 443"):
            _both_work(box)
        with outside.proxy(3128, "ConnectPort 563"):
            _both_fail(box, "answers 403 Forbidden", "Access violation")
        with outside.script(SILENT, 3128):
            found = Answer(box)
            assert "accepts the connection and does not answer" in found.message
            assert found.seconds < 6
        with outside.proxy(3128, "BasicAuth user sEcReT9"):
            _both_fail(box, "wants a valid user name and password (407)", "Proxy Authentication Required")
            _settings(box, {"proxies": {"https-proxy": f"http://user:sEcReT9@{PROXY}"}})
            _both_work(box)
        with outside.proxy(3128, "ConnectPort 443"):
            _settings(box, {"proxies": {"https-proxy": f"https://{PROXY}"}})
            found = Answer(box)
            assert "speaks plain HTTP, but is given as https://" in found.message
        _settings(box, {"proxies": {"https-proxy": "http://192.0.2.9:1", "no-proxy": "docker.io"}})
        _both_work(box)


def test_a_mirror_inside_is_enough(outside: Outside) -> None:
    """Docker Hub is out of reach, as in a network without a way out; the mirror has an authority of its own."""
    box = outside.box
    _settings(box, {"registry-mirrors": ["https://mirror.test:5443"]})
    with outside.registry(5443, outside.certificate("mirror.test", by="Other CA")):
        found = Answer(box)
        assert "mirror.test:5443 shows a certificate" in found.message
        box.write("/etc/docker/certs.d/mirror.test:5443/ca.cert", outside.authority("Other CA").read_text())
        _both_fail(box, "is refused by the engine itself", "missing key ca.key")
        assert "ca.cert has no key" in box.doctor("scan", "--select", "registry").stdout
        box.run(["mv", "/etc/docker/certs.d/mirror.test:5443/ca.cert", "/etc/docker/certs.d/mirror.test:5443/ca.crt"])
        _both_work(box)
