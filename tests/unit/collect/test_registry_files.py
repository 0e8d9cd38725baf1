"""Collectors of what the engine goes to registries with: authorities, proxies, names."""

import base64
import hashlib
import os
from pathlib import Path

import pytest

from doctor.collect.registry.clients import docker_clients
from doctor.collect.registry.openssl import openssl
from doctor.collect.registry.refused import refused_registries
from doctor.collect.registry.trust import late_authorities, store
from doctor.collect.registry.way import addresses, engine_proxies, other_names
from doctor.facts.config.engine import EffectiveSetting, EngineConfig, EngineFlags
from doctor.facts.engine.state import EngineInfo, EngineState
from doctor.host.recorded import RootHost
from doctor.model.missing import Missing, Why

GONE = Missing(Why.ABSENT, "not here")
BODY = base64.b64encode(b"a certificate").decode()
PEM = f"-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----\n"


def write(top: Path, path: str, text: str, *, age: float = 0) -> Path:
    target = top / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    os.utime(target, (1000 - age, 1000 - age))
    return target


def test_an_authority_is_late_if_its_file_is_younger_than_the_engine(tmp_path: Path) -> None:
    """The engine reads its store once; a file that cannot be decoded is left out."""
    host = RootHost(str(tmp_path))
    write(tmp_path, "/usr/local/share/ca-certificates/new.crt", PEM)
    write(tmp_path, "/usr/local/share/ca-certificates/old.crt", PEM.replace("Y2Vy", "ABCD"), age=900)
    write(
        tmp_path,
        "/etc/pki/ca-trust/source/anchors/torn.pem",
        "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
    )
    digest = hashlib.sha256(b"a certificate").hexdigest()
    assert late_authorities(host, 500.0) == {digest: "/usr/local/share/ca-certificates/new.crt"}
    assert late_authorities(host, 2000.0) == {}
    assert late_authorities(host, 0.0) == {}


def test_the_store_is_the_first_bundle_and_files_put_beside_it(tmp_path: Path) -> None:
    """As Go reads it: links of the bundle's own authorities are not read again."""
    bundle = write(tmp_path, "/etc/ssl/certs/ca-certificates.crt", PEM)
    write(tmp_path, "/etc/ssl/ca-bundle.pem", PEM)
    write(tmp_path, "/etc/ssl/certs/mine.pem", PEM)
    write(tmp_path, "/opt/corp/ca.pem", PEM)
    (bundle.parent / "known.pem").symlink_to("/usr/share/ca-certificates/known.crt")
    (bundle.parent / "corp.pem").symlink_to("/opt/corp/ca.pem")
    (bundle.parent / "gone.pem").symlink_to("/opt/gone")
    found = store(RootHost(str(tmp_path)), GONE)
    assert found[0] == "/etc/ssl/certs/ca-certificates.crt"
    assert set(found[1:]) == {"/etc/ssl/certs/mine.pem", "/opt/corp/ca.pem"}


@pytest.mark.parametrize("pid", [0, 7])
def test_the_running_engine_reports_its_proxy(tmp_path: Path, pid: int) -> None:
    """Its password is that of the settings, if they name the same proxy; else a restart is due."""
    host, up = RootHost(str(tmp_path)), EngineState(status="running", pid=pid)
    secret = "http://me:hunter2@proxy.lan:3128"
    info = EngineInfo(https_proxy="http://xxxxx:xxxxx@proxy.lan:3128", no_proxy="lan")
    same = engine_proxies(host, EngineConfig(flags=EngineFlags(environment={"HTTPS_PROXY": secret})), up, info)
    assert (same.https, same.no_proxy, same.pending) == (secret, "lan", False)
    assert "hunter2" not in repr((same, info))
    later = EngineConfig(settings={"https-proxy": EffectiveSetting(value="http://new:1", origin="file")})
    changed = engine_proxies(host, later, up, info)
    assert (changed.https, changed.pending) == (info.https_proxy, True)
    assert engine_proxies(host, later, EngineState(status="down"), GONE).https == "http://new:1"


def test_names_of_the_hosts_file(tmp_path: Path) -> None:
    """Of a long file only those that are asked for; an address is its own."""
    host = RootHost(str(tmp_path))
    write(tmp_path, "/etc/hosts", "10.0.0.1 hub.LAN hub # x\nfd00::1 hub.lan\nnonsense\n999.1.1.1 bad\n")
    assert addresses(host, frozenset({"hub.lan", "10.9.9.9"})) == {
        "10.9.9.9": ("10.9.9.9",),
        "hub.lan": ("10.0.0.1", "fd00::1"),
        "hub": ("10.0.0.1",),
    }
    write(tmp_path, "/etc/hosts", "10.0.0.1 a\n" * 300 + "10.0.0.2 b\n")
    assert addresses(host, frozenset({"b"})) == {"b": ("10.0.0.2",)}
    write(tmp_path, "/etc/nsswitch.conf", "hosts: files mdns4_minimal [NOTFOUND=return] dns\n")
    assert other_names(host) == ("mdns4_minimal",)


def test_a_user_can_not_spoil_the_scan(tmp_path: Path) -> None:
    """A FIFO, a directory or a truncated file in a home is passed over; root's own is a gap."""
    write(tmp_path, "/home/ann/.docker/config.json", '{"credsStore": "desktop"}')
    write(tmp_path, "/home/bob/.docker/config.json", "{torn")
    for home in ("home/cat", "root"):
        (tmp_path / home / ".docker").mkdir(parents=True)
        os.mkfifo(tmp_path / home / ".docker/config.json")
    found = docker_clients(RootHost(str(tmp_path)))
    assert [(one.path, one.missing, bool(one.problem)) for one in found.items] == [
        ("/home/ann/.docker/config.json", ("desktop",), False),
        ("/home/bob/.docker/config.json", (), True),
    ]
    assert len(found.gaps) == 1


@pytest.mark.parametrize(
    "line",
    [
        'level=error msg="Handler for POST /v1.45/images/create returned error: Get \\"https://Reg.lan:5000/v2/\\": http: server gave HTTP response to HTTPS client"',
        'level=warning msg="Error getting v2 registry: Get \\"https://reg.lan:5000/v2/\\": dial tcp 10.0.0.5:5000: i/o timeout"',
        'level=error msg="failed to do request: Head \\"https://reg.lan:5000/v2/a/b/manifests/latest\\": EOF"',
    ],
)
def test_a_registry_of_a_failed_request_is_found_in_the_log(tmp_path: Path, line: str) -> None:
    write(tmp_path, "/var/log/dockerd.log", f'time="x" {line}\n' * 3)
    write(tmp_path, "/var/log/docker.log", line.replace("reg.lan", "old.lan").replace("Reg.lan", "old.lan"), age=900)
    assert refused_registries(RootHost(str(tmp_path))) == ("reg.lan:5000",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'level=info msg="Get \\"https://reg.lan/v2/\\""',
        "level=error " + "x" * 9000 + ' Get "https://reg.lan/v2/"',
        "\0" * 500,
    ],
)
def test_no_registry_is_found_in_other_logs(tmp_path: Path, text: str) -> None:
    write(tmp_path, "/var/log/dockerd.log", text)
    assert refused_registries(RootHost(str(tmp_path))) == ()


def test_a_log_that_is_a_directory_names_no_registry(tmp_path: Path) -> None:
    (tmp_path / "var/log/dockerd.log").mkdir(parents=True)
    assert refused_registries(RootHost(str(tmp_path))) == ()


def test_openssl_is_looked_for_only_without_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named as it stands behind its links, with what it is read from."""
    write(tmp_path, "/opt/ssl/bin/openssl", "")
    write(tmp_path, "/usr/lib/libssl.so.3", "")
    (tmp_path / "usr/bin").mkdir()
    (tmp_path / "usr/bin/openssl").symlink_to("/opt/ssl/bin/openssl")
    (tmp_path / "lib").symlink_to("usr/lib")
    host = RootHost(str(tmp_path))
    monkeypatch.setattr("doctor.collect.registry.openssl.has_tls", lambda: True)
    assert openssl(host) == (None, ())
    monkeypatch.setattr("doctor.collect.registry.openssl.has_tls", lambda: False)
    assert openssl(host) == ("/opt/ssl/bin/openssl", ("/usr", "/lib", "/opt"))
    (tmp_path / "opt/ssl/bin/openssl").unlink()
    assert openssl(host) == (None, ())
