"""The package on a host with systemd and a running engine: its units, the guard, and a removal that leaves an engine that starts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.systemd import SystemdHost, why_no_systemd

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
DROP_IN = "/etc/systemd/system/docker.service.d/50-doctor-guard.conf"
TIMER = "doctor-scan.timer"


@pytest.fixture
def host(built: Path) -> Iterator[SystemdHost]:
    """A host with an engine, and the package."""
    if reason := why_no_systemd():
        pytest.skip(reason)
    with SystemdHost() as made:
        made.write("/root/doctor.deb", next(built.glob("container-doctor_*-1_amd64.deb")).read_bytes())
        made.run(["dpkg", "-i", "/root/doctor.deb"])
        yield made


def shown(host: SystemdHost, unit: str, name: str) -> str:
    return host.run(["systemctl", "show", "-P", name, unit]).stdout.strip()


def restarts(host: SystemdHost) -> bool:
    """Whether the engine starts again."""
    host.run(["systemctl", "reset-failed", "docker.service"], check=False)
    return host.run(["systemctl", "restart", "docker.service"], check=False, timeout=60).returncode == 0


def test_units_and_schedule_do_not_clash(host: SystemdHost) -> None:
    """The timer of the package and that of 'doctor schedule' have one name: a host is scanned once."""
    assert shown(host, TIMER, "UnitFileState") == "disabled"
    assert (
        host.run(["systemd-analyze", "verify", "--man=no", f"/usr/lib/systemd/system/{TIMER}"], check=False).stderr
        == ""
    )
    host.run(["systemctl", "enable", "--now", TIMER])
    assert f"/usr/lib/systemd/system/{TIMER}\ntimer active" in host.run(["doctor", "schedule", "status"]).stdout
    assert "schedule removed" in host.run(["doctor", "schedule", "remove"]).stdout
    assert shown(host, TIMER, "UnitFileState") == "disabled"
    host.run(["systemctl", "enable", "--now", TIMER])
    assert host.run(["doctor", "schedule", "install", "--every", "hourly", "--no-probe"], check=False).returncode == 0
    assert shown(host, TIMER, "FragmentPath") == f"/etc/systemd/system/{TIMER}"
    assert shown(host, TIMER, "ActiveState") == "active"
    host.run(["doctor", "schedule", "remove"])
    assert shown(host, TIMER, "FragmentPath") == f"/usr/lib/systemd/system/{TIMER}"
    assert (shown(host, TIMER, "ActiveState"), shown(host, TIMER, "UnitFileState")) == ("inactive", "disabled")
    host.run(["systemctl", "start", "doctor-scan.service"], timeout=120)
    assert shown(host, "doctor-scan.service", "Result") == "success"
    assert host.exists("/var/lib/doctor/history.db")


def test_the_engine_starts_after_the_program_is_gone(host: SystemdHost) -> None:
    """Deleted by hand, and removed as a package."""
    host.run(["doctor", "guard", "install"])
    host.run(["doctor", "schedule", "install"])
    host.run(["systemctl", "enable", TIMER])
    assert restarts(host)
    assert "doctor-guard" in shown(host, "docker.service", "ExecStartPre")
    host.run(["mv", "/usr/bin/doctor", "/root/doctor"])
    assert restarts(host)
    host.run(["mv", "/root/doctor", "/usr/bin/doctor"])
    printed = host.run(["dpkg", "-r", "container-doctor"]).stdout
    assert f"removed {DROP_IN}" in printed
    assert "kept /var/lib/doctor" in printed
    assert shown(host, "docker.service", "ExecStartPre") == ""
    assert restarts(host)
    assert shown(host, TIMER, "LoadState") == "not-found"
    assert host.run(["find", "/etc", "/run/systemd", "/usr", "/var/lib/systemd", "-name", "*doctor*"]).stdout == ""
    assert host.run(["systemctl", "--failed", "--no-legend"]).stdout == ""
    host.reboot()
    assert shown(host, "docker.service", "ActiveState") == "active"


def test_the_schedule_of_another_doctor_goes_on(host: SystemdHost) -> None:
    """The one file was copied and installed a schedule of its own, before the package or after it."""
    other = "/usr/local/sbin/doctor"
    host.run(["cp", "/usr/bin/doctor", other])
    host.run([other, "schedule", "install", "--no-probe"])
    host.run(["dpkg", "-r", "container-doctor"])
    assert (shown(host, TIMER, "ActiveState"), shown(host, TIMER, "UnitFileState")) == ("active", "enabled")


def test_the_plugin_and_completion_beside_a_running_engine(host: SystemdHost) -> None:
    host.run(["systemctl", "start", "docker.service"])
    host.load_images()
    for name in ("web", "stopped"):
        host.docker("run", "-d", "--name", name, "--network", "none", "bb:1", "sleep", "1000")
    host.docker("kill", "stopped")
    assert host.run(["doctor", "__complete", "run", "--net", "container:"]).stdout.split() == [
        "container:stopped",
        "container:web",
        ":4",
    ]
    assert host.run(["docker", "__complete", "doctor", "probe", "--trace", ""]).stdout.split() == ["web", "host", ":4"]
    assert "bb:1" in host.run(["doctor", "__complete", "run", "b"]).stdout.split()
    done = host.run(["docker", "doctor", "scan", "--format", "json"], check=False, timeout=120)
    assert done.returncode in {0, 1}
    assert json.loads(done.stdout)["summary"]
    assert host.run(["docker", "doctor", "probe", "start"], check=False, timeout=120).returncode == 0
    spent = host.run(["bash", "-c", "doctor __complete fix net; times"]).stdout.splitlines()[-1]
    user, system = (float(seconds) for seconds in re.findall(r"0m([\d.]+)s", spent))
    print(f"completion: {user + system:.3f} s of CPU")
    assert user + system < 0.2  # 0.07 on a machine with nothing else to do
