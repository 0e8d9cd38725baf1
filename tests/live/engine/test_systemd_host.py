"""The systemd host itself: units, the journal, the way down and up again."""

import pytest

from tests.hosts import patient
from tests.hosts.sandbox import SandboxError
from tests.hosts.systemd import SystemdHost, why_no_systemd

# The root is built by the first test on a machine, which takes most of a minute.
pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def test_it_boots_into_a_working_engine(systemd_host: SystemdHost) -> None:
    assert systemd_host.run(["systemctl", "is-system-running"]).stdout == "running\n"
    assert systemd_host.run(["systemctl", "is-active", "docker", "cron"]).stdout == "active\nactive\n"
    assert systemd_host.run(["ps", "-o", "comm=", "-p", "1"]).stdout == "systemd\n"
    assert systemd_host.doctor("--version").returncode == 0
    mounted = systemd_host.read("/proc/mounts")
    assert "debugfs" not in mounted
    assert "tracefs" not in mounted


@pytest.mark.parametrize("clean", [True, False])
def test_files_outlive_a_reboot_and_the_kernel_state_does_not(systemd_host: SystemdHost, *, clean: bool) -> None:
    """Sysctl files, units, timers and the data root are there again; rules, sysctls and /run are fresh."""
    systemd_host.load_images()
    systemd_host.write("/etc/sysctl.d/99-x.conf", "net.ipv4.conf.all.log_martians=1\n")
    systemd_host.write("/etc/systemd/system/tick.timer", "[Timer]\nOnBootSec=1h\n[Install]\nWantedBy=timers.target\n")
    systemd_host.write("/etc/systemd/system/tick.service", "[Service]\nExecStart=/bin/true\n")
    systemd_host.run(["systemctl", "enable", "--now", "tick.timer"])
    systemd_host.write("/run/gone", "x")
    systemd_host.run(["iptables", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "9", "-j", "ACCEPT"])
    systemd_host.reboot(clean=clean)
    assert systemd_host.read("/proc/sys/net/ipv4/conf/all/log_martians") == "1\n"
    assert systemd_host.run(["systemctl", "is-active", "docker", "tick.timer"]).stdout == "active\nactive\n"
    assert systemd_host.docker("run", "--rm", "bb:1", "wget", "-qO-", "http://198.51.100.2/") == "198.51.100.1"
    assert not systemd_host.exists("/run/gone")
    assert "--dport 9" not in systemd_host.run(["iptables", "-t", "nat", "-S"]).stdout


def test_drop_ins_and_the_journal_are_real(systemd_host: SystemdHost) -> None:
    """A drop-in's driver is used, and with a journal `docker logs` reads it."""
    drop_in = "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --log-driver=journald\n"
    systemd_host.write("/etc/systemd/system/docker.service.d/log.conf", drop_in)
    systemd_host.run(["systemctl", "daemon-reload"])
    systemd_host.stop_dockerd()
    systemd_host.start_dockerd()
    systemd_host.load_images()
    systemd_host.docker("run", "--name", "said", "bb:1", "echo", "into the journal")
    assert systemd_host.docker("info", "-f", "{{.LoggingDriver}}") == "journald"
    assert systemd_host.docker("logs", "said") == "into the journal"
    assert "into the journal" in systemd_host.journal("docker")


def test_a_unit_that_cannot_start_says_why(systemd_host: SystemdHost) -> None:
    systemd_host.stop_dockerd()
    systemd_host.write("/etc/docker/daemon.json", "{ nonsense")
    with pytest.raises(SandboxError, match="invalid character"):
        systemd_host.start_dockerd()


def test_the_patient_moves_in() -> None:
    """A data root made elsewhere starts here, its containers with it."""
    reason = why_no_systemd()
    if reason:
        pytest.skip(reason)
    with SystemdHost(data_root=patient.patient()) as host:
        assert host.fetch(patient.PORTS["web"]) == "hello\n"
        assert host.docker("exec", "web", "cat", "/data/file") == "kept"
