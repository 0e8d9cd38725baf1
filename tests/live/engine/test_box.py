"""The box itself: nothing of it reaches the machine outside, nothing of it stays."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hosts import patient
from tests.hosts.box import Box
from tests.hosts.sandbox import CHECKOUT, SandboxError

pytestmark = pytest.mark.live

_HOLD = "from tests.hosts.box import Box\nwith Box() as b:\n b.start_dockerd()\n print(b.pid, b.workdir, flush=True)\n input()"


def _outer_rules() -> str:
    done = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False)
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith(("#", ":")))


def test_breaking_a_box_leaves_the_machine_as_it_was(bare_box: Box) -> None:
    """Files, sysctls and firewall rules written inside are not seen outside."""
    forward = Path("/proc/sys/net/ipv4/ip_forward")
    before = (forward.read_text(), _outer_rules(), sorted(os.listdir("/etc")), os.uname().nodename)
    bare_box.write("/etc/docker/daemon.json", "{}")
    bare_box.write("/etc/only-in-the-box", "x")
    bare_box.run(["rm", "-rf", "/etc/passwd", "/usr/share/doc"])
    bare_box.write("/proc/sys/net/ipv4/ip_forward", "0" if before[0].strip() == "1" else "1")
    bare_box.run(["iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"])
    bare_box.run(["iptables", "-P", "FORWARD", "DROP"])
    assert "-j MASQUERADE" in bare_box.run(["iptables", "-t", "nat", "-S"]).stdout
    assert bare_box.read("/proc/sys/net/ipv4/ip_forward") != before[0]
    assert (forward.read_text(), _outer_rules(), sorted(os.listdir("/etc")), os.uname().nodename) == before
    assert Path("/etc/passwd").exists()
    assert not bare_box.exists("/etc/passwd")


def test_the_machines_own_sysctls_cannot_be_written(bare_box: Box) -> None:
    """Only net/ belongs to the box; any other key would be the machine's (so the test writes what it is already)."""
    value = Path("/proc/sys/vm/swappiness").read_text()
    done = bare_box.run(["sh", "-c", f"echo {value} >/proc/sys/vm/swappiness"], check=False)
    assert done.returncode != 0
    assert "Read-only file system" in done.stderr
    assert Path("/proc/sys/vm/swappiness").read_text() == value


def test_paths_follow_links_as_the_box_sees_them(bare_box: Box) -> None:
    """An absolute link inside leads to the box's file, not to the machine's."""
    bare_box.run(["sh", "-c", "mkdir /a /b; echo inside >/b/hostname; ln -s /b /a/link; ln -s ../../../b /a/up"])
    assert bare_box.read("/a/link/hostname") == "inside\n"
    assert bare_box.read("/a/up/hostname") == "inside\n"
    assert not Path("/b/hostname").exists()


def test_commands_say_what_happened(bare_box: Box) -> None:
    """Exit codes, both streams, input and time limits are as with subprocess.run."""
    done = bare_box.run(["sh", "-c", "cat; echo err >&2; exit 3"], check=False, input="in")
    assert (done.returncode, done.stdout, done.stderr) == (3, "in", "err\n")
    with pytest.raises(subprocess.CalledProcessError):
        bare_box.run(["false"])
    assert bare_box.run(["no-such-command"], check=False).returncode == 127
    with pytest.raises(subprocess.TimeoutExpired):
        bare_box.run(["sh", "-c", "sleep 61 & sleep 61"], timeout=0.3)
    deadline = time.monotonic() + 5
    while bare_box.pids("sleep") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert bare_box.pids("sleep") == []


def test_a_dockerd_that_cannot_start_says_why(bare_box: Box) -> None:
    bare_box.write("/etc/docker/daemon.json", "{ nonsense")
    with pytest.raises(SandboxError, match="invalid character"):
        bare_box.start_dockerd()


def test_a_dockerd_that_ends_at_once_is_one_that_was_started(bare_box: Box) -> None:
    """On a busy machine it has refused its settings before anybody looks for it."""
    bare_box.write("/usr/sbin/dockerd", "#!/bin/sh\necho refused >&2; exit 1\n", mode=0o755)
    # The process, or 0 if it had ended before anybody looked.
    bare_box.start_dockerd(settings=True, wait=False, timeout=10)
    with pytest.raises(SandboxError, match="dockerd ended: refused"):
        bare_box.start_dockerd(settings=True, timeout=10)


def test_settings_of_the_distribution_reach_dockerd(bare_box: Box) -> None:
    """OPTIONS and DOCKER_OPTS are read as the distributions' services read them, and by the init script's restart."""
    bare_box.write("/etc/sysconfig/docker", "OPTIONS='--log-driver=journald --label=a=b'\n")
    bare_box.write("/etc/default/docker", 'DOCKER_OPTS="--debug"\n')
    pid = bare_box.start_dockerd(settings=True)
    assert bare_box.docker("info", "-f", "{{.LoggingDriver}} {{.Labels}} {{.Debug}}") == "journald [a=b] true"
    bare_box.write("/etc/sysconfig/docker", "")
    bare_box.run(["/etc/init.d/docker", "restart"])
    deadline = time.monotonic() + 20
    while not bare_box.engine_answers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert bare_box.docker("info", "-f", "{{.LoggingDriver}}") == "json-file"
    assert bare_box.pids("dockerd") != [pid]


def test_the_patient_lives_through_a_power_loss(patient_box: Box) -> None:
    """Ports answer from outside, containers reach outside translated, and names resolve, before and after."""
    for _ in range(2):
        assert patient_box.fetch(patient.PORTS["web"]) == "hello\n"
        assert patient_box.fetch(patient.PORTS["plain"]) == "com\n"
        assert patient_box.docker("exec", "web", "wget", "-qO-", "http://any.test/") == "198.51.100.1"
        assert patient_box.docker("exec", "web", "cat", "/data/file") == "kept"
        patient_box.power_loss(network=True)
        assert patient_box.pids("dockerd") == []
        assert "overlay" not in patient_box.run(["sh", "-c", "grep /var/lib/docker/ /proc/mounts || true"]).stdout
        assert "docker0" not in patient_box.run(["ip", "link"]).stdout
        patient_box.start_dockerd()


def _hold(tmp_path: Path) -> tuple["subprocess.Popen[str]", int, Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    pid, workdir = process.stdout.readline().split()
    return process, int(pid), Path(workdir)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_stays_when_the_test_is_killed(can_box: None, tmp_path: Path, number: signal.Signals) -> None:
    """Processes, mounts, cgroups and files of a box go with the process that made it, whatever ends that."""
    process, pid, workdir = _hold(tmp_path)
    with process:
        namespace = os.readlink(f"/proc/{pid}/ns/pid")
        assert workdir.is_dir()
        process.send_signal(number)
        process.wait(timeout=60)
    deadline = time.monotonic() + 10
    # The kernel ends what is left in the namespace at about the time at which the directory goes.
    while (workdir.exists() or _members(namespace)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not workdir.exists()
    assert not _members(namespace)
    assert workdir.name not in Path("/proc/self/mountinfo").read_text()
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{workdir.name}"))


def _members(namespace: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.readlink(entry / "ns/pid") == namespace:
                    found.append(entry.name)
            except OSError:
                continue
    return found
