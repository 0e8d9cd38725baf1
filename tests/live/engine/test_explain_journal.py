"""``doctor explain --unit docker`` on systemd's real journal, and the journal of a failed unit in a scan."""

import pytest

from tests.hosts.systemd import SystemdHost

# The root is built by the first test on a machine, which takes most of a minute.
pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
SOCKET = "/etc/systemd/system/docker.socket.d/x.conf"
SERVICE = "/etc/systemd/system/docker.service.d/x.conf"
TOML = "/etc/containerd/config.toml"


def explained(host: SystemdHost) -> str:
    """Start the engine, which fails, and return the explained line."""
    host.run(["systemctl", "daemon-reload"])
    host.run(["systemctl", "reset-failed"])
    host.run(["systemctl", "restart", "docker.socket", "docker"], check=False)
    return host.doctor("explain", "--unit", "docker").stdout.splitlines()[0]


def test_the_journal_shows_the_cause_of_each_failed_start(systemd_host: SystemdHost) -> None:
    """One after another: systemd's summary, an older start and CRI without Kubernetes are never the cause."""
    assert "cni" not in systemd_host.doctor("explain", "--unit", "docker").stdout
    systemd_host.write(SERVICE, "[Service]\nEnvironmentFile=/etc/nothing\n")
    assert (
        explained(systemd_host) == "Line: docker.service: Failed to load environment files: No such file or directory"
    )
    systemd_host.write(SERVICE, "")
    systemd_host.write("/etc/docker/daemon.json", '{"storage-driver": "nope"}')
    assert explained(systemd_host).endswith("error initializing graphdriver: driver not supported: nope")
    systemd_host.write(SOCKET, "[Socket]\nSocketUser=nobodyx\n")
    systemd_host.run(["systemctl", "stop", "docker.socket"])
    assert explained(systemd_host) == "Line: docker.socket: Failed to resolve user nobodyx: No such process"
    found = systemd_host.doctor("scan", "--select", "engine/unit-failure").stdout
    assert "docker.socket has failed" in found
    assert "Failed to resolve user nobodyx" in found
    systemd_host.write(SOCKET, "")
    systemd_host.write("/etc/docker/daemon.json", "{}")
    systemd_host.write(TOML, "version = [")
    systemd_host.run(["systemctl", "restart", "containerd"], check=False)
    assert systemd_host.doctor("explain", "--unit", "containerd").stdout.startswith(
        "Line: containerd: failed to load TOML"
    )
    found = systemd_host.doctor("scan", "--select", "engine/unit-failure").stdout
    assert "containerd.service has failed, and containers need it: containerd rejects its settings file" in " ".join(
        found.split()
    )
