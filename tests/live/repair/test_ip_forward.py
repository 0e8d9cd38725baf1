"""Forwarding that was turned off on a running host: found, repaired, proven by traffic, undone."""

import json
import time

import pytest

from tests.hosts import faults, judge
from tests.hosts.box import Box

pytestmark = pytest.mark.live

FORWARD = "/proc/sys/net/ipv4/ip_forward"
HARDENING = "/etc/sysctl.d/99-hardening.conf"
AREA = "network"
OFF = "network/ip-forward-off"


def ids(box: Box) -> dict[str, str]:
    """Id → severity of what a scan of the network finds."""
    done = box.doctor("scan", "--select", AREA, "--format", "json")
    found = json.loads(done.stdout)["findings"]
    return {finding["id"]: finding["severity"] for finding in found if finding["severity"] != "info"}


def containers_reach_out(box: Box) -> bool:
    """Whether every running container gets an answer from outside, seen with the box's own address."""
    return all(answer == "198.51.100.1" for answer in judge.egress(box).values())


def settings(box: Box) -> dict[str, str]:
    """Forwarding of everything, as the kernel has it: a busy one takes test containers' links away a while after them."""
    deadline = time.monotonic() + 30
    while (
        box.run(["sh", "-c", "ls -d /proc/sys/net/ipv4/conf/dr*"], check=False).stdout and time.monotonic() < deadline
    ):
        time.sleep(0.1)
    names = box.run(["sh", "-c", "cd /proc/sys/net/ipv4 && grep -H . ip_forward conf/*/forwarding"]).stdout
    return dict(line.split(":", 1) for line in names.splitlines())


def test_a_hardening_file_turned_forwarding_off(patient_box: Box) -> None:
    """Scan finds it (1), the repair proves egress (0), a scan finds nothing (0), undo brings the broken state back."""
    box = patient_box
    assert containers_reach_out(box)
    assert ids(box) == {}
    faults.inject(box, "forward/file-off", seed=1)
    assert not containers_reach_out(box)
    broken, broken_file = settings(box), box.read(HARDENING)

    before = box.doctor("scan", "--select", AREA)
    print(before.stdout)
    assert before.returncode == 1
    assert ids(box) == {OFF: "critical"}

    fix = box.doctor("fix", AREA, "--apply", "--yes", "--format", "json")
    print(fix.stdout, fix.stderr)
    assert fix.returncode == 0
    report = json.loads(fix.stdout)
    assert "egress" in json.dumps(report["probes"])
    assert containers_reach_out(box)
    assert box.fetch(8080)
    assert box.doctor("scan", "--select", AREA).returncode == 0
    assert json.loads(box.doctor("fix", AREA, "--format", "json").stdout)["actions"] == []

    box.run(["sysctl", "--system"], check=False)
    assert box.read(FORWARD) == "1\n"
    assert "# net.ipv4.ip_forward = 0" in box.read(HARDENING)
    assert "kernel.dmesg_restrict = 1" in box.read(HARDENING)

    undo = box.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert settings(box) == broken
    assert box.read(HARDENING) == broken_file
    assert not containers_reach_out(box)


def test_the_repaired_file_leaves_forward_closed_after_a_boot(patient_box: Box) -> None:
    """The engine sets the policy of FORWARD to DROP only if it finds forwarding off: a line of 1 would leave it at ACCEPT."""
    box = patient_box
    faults.inject(box, "forward/file-off", seed=3)
    assert box.doctor("fix", AREA, "--apply", "--yes").returncode == 0
    box.power_loss(network=True)
    box.run(["sysctl", "--system"], check=False)
    assert box.read(FORWARD) == "0\n"
    box.start_dockerd()
    assert "-P FORWARD DROP" in box.run(["iptables", "-S", "FORWARD"]).stdout
    assert containers_reach_out(box)


def test_one_bridge_does_not_forward(patient_box: Box) -> None:
    """ip_forward reads 1, one bridge has 0: that key alone is written, and undo writes 0 back."""
    box = patient_box
    faults.inject(box, "forward/interface-off", seed=2)
    broken = settings(box)
    assert broken["ip_forward"] == "1"
    assert not containers_reach_out(box)
    assert ids(box) == {"network/interface-forwarding-off": "error"}
    fix = box.doctor("fix", AREA, "--apply", "--yes")
    assert fix.returncode == 0, fix.stdout + fix.stderr
    assert containers_reach_out(box)
    assert ids(box) == {}
    assert box.doctor("undo", "--yes").returncode == 0
    assert settings(box) == broken


def test_procps_reads_its_own_file_last(patient_box: Box) -> None:
    """A 1 in sysctl.d does not help against a 0 in /etc/sysctl.conf: the repair comments that line out, and it holds."""
    box = patient_box
    box.write("/etc/sysctl.d/99-docker.conf", "net.ipv4.ip_forward=1\n")
    box.write("/etc/sysctl.conf", "# old server\nnet.ipv4.ip_forward=0\n")
    assert ids(box) == {"network/ip-forward-reverted-at-boot": "warning"}
    fix = box.doctor("fix", AREA, "--apply", "--yes")
    assert fix.returncode == 0, fix.stdout + fix.stderr
    assert box.read("/etc/sysctl.conf").startswith("# old server\n# Commented out by doctor")
    assert box.read("/etc/sysctl.conf").endswith("\n# net.ipv4.ip_forward=0\n")
    box.run(["sysctl", "--system"], check=False)
    assert containers_reach_out(box)


def test_new_interfaces_do_not_forward(patient_box: Box) -> None:
    """The next network would be dead: the repair lets it live."""
    box = patient_box
    box.write("/proc/sys/net/ipv4/conf/default/forwarding", "0\n")
    assert ids(box) == {"network/default-forwarding-off": "warning"}
    fix = box.doctor("fix", AREA, "--apply", "--yes")
    assert fix.returncode == 0, fix.stdout + fix.stderr
    box.docker("network", "create", "later")
    seen = box.docker("run", "--rm", "--network", "later", "com:1", "wget", "-q", "-O", "-", "http://198.51.100.2/")
    assert seen == "198.51.100.1"
