"""Repairs under systemd: units stopped and started by systemctl, what survives a reboot, and what a reboot interrupts."""

import time
from collections.abc import Iterator

import pytest

from tests.hosts import faults, judge
from tests.hosts.patient import patient
from tests.hosts.systemd import SystemdHost, why_no_systemd
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

CONTROLLERS = "cgroups/controller-missing"
"""Findings that this kind of test host always has, so that no scan of it exits with 0."""
DROP_IN = "/etc/systemd/system/docker.service.d/override.conf"


@pytest.fixture
def host() -> Iterator[SystemdHost]:
    """A booted Debian whose dockerd is an enabled unit and runs the patient."""
    reason = why_no_systemd()
    if reason:
        pytest.skip(reason)
    with SystemdHost(data_root=patient()) as made:
        yield made


def ids(host: SystemdHost) -> set[str]:
    """Return what a scan finds, but for the host's own lack."""
    return kit.ids(host) - {CONTROLLERS}


def apply(host: SystemdHost) -> str:
    """Repair all that is not destructive; what it printed."""
    done = host.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


def active(host: SystemdHost, unit: str = "docker.service") -> str:
    """Return the state of a unit in systemd."""
    return host.run(["systemctl", "is-active", unit], check=False).stdout.strip()


def test_journald_is_fine_where_a_journal_runs(host: SystemdHost) -> None:
    """The driver journald, and no rotation set for it, is not a problem on a host that has a journal."""
    host.write("/etc/docker/daemon.json", '{"log-driver": "journald"}\n')
    host.run(["systemctl", "restart", "docker"])
    assert not {found for found in ids(host) if found.startswith("logging/")}


def test_forwarding_stays_on_over_a_reboot(host: SystemdHost) -> None:
    """The file that turned it off at boot is repaired: the engine turns it on at its start, and closes FORWARD to others."""
    faults.inject(host, "forward/file-off")
    assert "network/ip-forward-off" in ids(host)
    apply(host)
    assert ids(host) == set()
    host.reboot()
    host.run(["systemctl", "start", "docker"])
    assert host.read("/proc/sys/net/ipv4/ip_forward") == "1\n"
    assert "-P FORWARD DROP" in host.run(["iptables", "-S", "FORWARD"]).stdout
    assert ids(host) == set()


def test_settings_that_stop_the_engine_after_too_many_starts(host: SystemdHost) -> None:
    """A trailing comma, and systemd gave up (start-limit-hit): repaired, its counter cleared, started, kept over a reboot."""
    host.write("/etc/docker/daemon.json", '{"labels": ["a=b"],}\n')
    for _ in range(5):
        host.run(["systemctl", "restart", "docker"], check=False)
    state = host.run(["systemctl", "show", "-P", "Result", "docker"]).stdout
    assert active(host) in {"failed", "activating"}, state
    assert {"config/invalid-json", "engine/down"} <= ids(host)
    assert "systemctl reset-failed" in apply(host)
    assert active(host) == "active"
    assert ids(host) == set()
    assert set(judge.ports(host, patience=10).values()) == {"hello", "com"}
    host.reboot()
    assert active(host) == "active"
    assert ids(host) == set()


def test_a_drop_in_is_repaired_where_it_stands(host: SystemdHost) -> None:
    """The option of a drop-in that clashes with daemon.json: one edit, a daemon-reload, a restart; undo restores it."""
    host.write("/etc/docker/daemon.json", '{"log-driver": "json-file"}\n')
    text = "# ours\n[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --log-driver=json-file --label a=b\n"
    host.write(DROP_IN, text)
    host.run(["systemctl", "daemon-reload"])
    host.run(["systemctl", "restart", "docker"], check=False)
    assert "config/flag-file-conflict" in ids(host)
    etc = kit.files(host, "/etc/docker", "/etc/systemd")
    apply(host)
    assert active(host) == "active"
    assert "--label a=b" in host.read(DROP_IN)
    assert host.read(DROP_IN).startswith("# ours\n[Service]\n")
    assert "config/flag-file-conflict" not in ids(host)
    assert host.run(["systemctl", "show", "-P", "NeedDaemonReload", "docker"]).stdout.strip() == "no"
    kit.undo(host)
    assert kit.files(host, "/etc/docker", "/etc/systemd") == etc


def test_a_scan_does_not_wake_an_engine_that_waits_for_a_caller(host: SystemdHost) -> None:
    """Socket activation: with only docker.socket up, neither scan nor fix starts dockerd, and it is not a problem."""
    host.run(["systemctl", "stop", "docker.service"])
    assert active(host, "docker.socket") == "active"
    assert "engine/down" not in ids(host)
    host.doctor("fix", "--allow", "destructive")
    assert active(host) != "active"


def test_the_socket_does_not_start_it_in_the_middle_of_a_repair(host: SystemdHost) -> None:
    """A client that polls the engine all the time: the repair stops the socket too, and brings both back."""
    host.start(["sh", "-c", "while :; do docker ps >/dev/null 2>&1; done"])
    host.write("/etc/docker/daemon.json", '{"log-driver": "awslogs"}\n')
    (host.workdir / "docker/image/overlay2/repositories.json").write_bytes(b"")
    apply(host)
    assert (active(host), active(host, "docker.socket")) == ("active", "active")
    assert "state/repositories-json-corrupt" not in ids(host)
    assert set(judge.ports(host, patience=10).values()) == {"hello", "com"}


@pytest.mark.parametrize("ending", ["undo", "resume"])
def test_power_goes_in_the_middle_of_a_repair(host: SystemdHost, ending: str) -> None:
    """After the boot the engine runs again on half-repaired files: undo and resume stop it first."""
    host.stop_dockerd()
    for name in ("repositories.json", "imagedb/metadata"):
        assert (host.workdir / "docker/image/overlay2" / name).exists()
    links = sorted((host.workdir / "docker/overlay2/l").iterdir())
    for link in links[1:]:
        link.unlink()
    host.start_dockerd()
    broken = sorted(path.name for path in (host.workdir / "docker/overlay2/l").iterdir())
    pid = kit.begin(host, "fix", "state", "--apply", "--yes", "--allow", "disruptive")
    log = "/var/lib/doctor/runs/" + kit.runs(host)[0] + "/journal"
    deadline = time.monotonic() + 30
    while host.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        if host.exists(log) and host.read(log).count('"done"') >= 3:
            break
    host.run(["sync"])
    if ending == "resume":
        kit.kill(host, pid)
    # Without that, doctor may still see systemd go, and begin to take its repair back: a half-done undo is left instead.
    host.reboot(clean=False)
    assert active(host) == "active"
    told = host.doctor("scan", "--select", "kernel").stderr
    if "unfinished" not in told:
        pytest.skip("the repair was quicker than the power cut")
    done = host.doctor("undo", "--yes") if ending == "undo" else host.doctor("fix", "--resume")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert active(host) == "active"
    assert "unfinished" not in host.doctor("scan", "--select", "kernel").stderr
    names = sorted(path.name for path in (host.workdir / "docker/overlay2/l").iterdir())
    if ending == "undo":
        assert [name for name in broken if name in names] == broken
    else:
        assert "state/overlay2-link-broken" not in ids(host)
        assert len(names) >= len(links)
