"""Events in the kernel's log are tied to the containers of this host: made by real containers on a real kernel."""

import json
import time
from typing import Any

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live
GREEDY = "sh -c 'x=a; while :; do x=$x$x; done'; exec sleep 1000"
MANY = "for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; exec sleep 1000"


def found(box: Box) -> dict[tuple[str, str], str]:
    """(id, subject) → message of the findings about this test's containers in the kernel's log.

    The machine's kernel has one log, and other boxes have containers with the same ids as the prepared ones of this box.
    """
    done = box.doctor("scan", "--select", "resources,kernel", "--format", "json")
    wanted = ("resources/oom-killed", "resources/pids-limit-reached", "kernel/hung-task")
    return {
        (one["id"], one["subject"]["name"]): one["message"]
        for one in json.loads(done.stdout)["findings"]
        if one["id"] in wanted and one["subject"]["name"] in {"greedy", "many"}
    }


def test_containers_that_reached_a_limit(patient_box: Box) -> None:
    """A killed child leaves its container running: only the log shows it. A removed container is a finding no longer."""
    box = patient_box
    assert found(box) == {}
    box.docker("run", "-d", "--name", "greedy", "-m", "24m", "bb:1", "sh", "-c", GREEDY)
    box.docker("run", "-d", "--name", "many", "--pids-limit", "5", "bb:1", "sh", "-c", MANY)
    deadline = time.monotonic() + 15
    seen: dict[tuple[str, str], str] = {}
    while len(seen) < 2 and time.monotonic() < deadline:
        time.sleep(0.3)
        seen = found(box)
    assert seen[("resources/oom-killed", "greedy")].startswith(
        "container greedy reached its memory limit of 24 MiB, and the kernel killed 'sh' in it: once in the last day, "
    )
    assert seen[("resources/pids-limit-reached", "many")].startswith("container many reached its limit of processes ")
    assert box.docker("inspect", "-f", "{{.State.Running}}", "greedy").strip() == "true"
    said = box.doctor("explain", "cgroup: fork rejected by pids controller in /docker/4f0c9f").stdout
    assert "resources/pids-limit-reached" in said
    assert "container many" in said
    box.docker("rm", "-f", "greedy", "many")
    assert found(box) == {}


def test_a_disk_that_fails_below_the_data_root(bare_box: Box) -> None:
    """A real ext4 on a loop device whose end is gone: reads fail, the journal aborts, the kernel forbids writes."""
    box = bare_box
    box.run(
        [
            "sh",
            "-c",
            "truncate -s 64M /disk && mkfs.ext4 -q /disk && mount -o loop,errors=remount-ro /disk /var/lib/docker",
        ]
    )
    box.run(["mkdir", "/var/lib/docker/overlay2"])
    device = box.run(["findmnt", "-no", "SOURCE", "/var/lib/docker"]).stdout.split()[-1].removeprefix("/dev/")
    wanted = {"storage/disk-errors", "storage/file-system-errors", "storage/data-root-readonly"}
    assert not wanted & ids(box).keys()
    box.run(
        [
            "sh",
            "-c",
            "umount /var/lib/docker && mount -o loop,errors=remount-ro /disk /var/lib/docker && truncate -s 1M /disk",
        ]
    )
    box.run(
        ["sh", "-c", "ls -lR /var/lib/docker; touch /var/lib/docker/x /var/lib/docker/overlay2/y; sync"], check=False
    )
    seen = ids(box)
    box.run(["umount", "/var/lib/docker"])
    assert wanted <= seen.keys()
    assert seen["storage/disk-errors"]["subject"]["name"] == device
    assert "which has /var/lib/docker, has I/O errors" in seen["storage/disk-errors"]["message"]
    assert f"e2fsck -fn /dev/{device}" in seen["storage/file-system-errors"]["fix"]["summary"]


def test_a_bridge_that_hears_itself(patient_box: Box) -> None:
    """A second interface with the address of docker0, behind one of its ports."""
    box = patient_box
    assert "network/own-address-received" not in ids(box, "network")
    address = box.read("/sys/class/net/docker0/address").strip()
    for words in (
        f"link add port0 type veth peer name port1 address {address}",
        "link set port0 master docker0 up",
        "link set port1 up",
    ):
        box.run(["ip", *words.split()])
    deadline = time.monotonic() + 10
    seen: dict[str, Any] = {}
    while "network/own-address-received" not in seen and time.monotonic() < deadline:
        time.sleep(0.3)
        seen = ids(box, "network")
    assert (
        "bridge docker0 receives packets from its own address on port0"
        in seen["network/own-address-received"]["message"]
    )
    box.run(["ip", "link", "del", "port0"])
    assert "network/own-address-received" not in ids(box, "network")


def ids(box: Box, area: str = "storage") -> dict[str, Any]:
    """The findings of an area, by id."""
    done = box.doctor("scan", "--select", area, "--format", "json")
    return {one["id"]: one for one in json.loads(done.stdout)["findings"]}
