"""A dead machine's disk, mounted elsewhere: repaired from outside, nothing else written, and refused while it is in use."""

from collections.abc import Iterator

import pytest

from tests.hosts import faults, judge
from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

DISK = "/mnt/disk"
FAULTS = ("state/torn-by-crash", "state/overlay2-links-gone", "logging/sysconfig-journald")
MAKE = f"""
set -e
mkdir -p {DISK}/var/lib/docker {DISK}/var/lib/dpkg {DISK}/usr/lib {DISK}/usr/sbin {DISK}/run {DISK}/proc {DISK}/sys
cp -a /etc {DISK}/
cp -a /usr/lib/os-release {DISK}/usr/lib/
cp /var/lib/dpkg/status {DISK}/var/lib/dpkg/
mount --bind /var/lib/docker {DISK}/var/lib/docker
mount -t proc proc {DISK}/proc
mount --bind /sys {DISK}/sys
"""


@pytest.fixture
def rescue(can_box: None) -> Iterator[Box]:
    """A box that has a broken host's disk at /mnt/disk, with its own /proc and /sys mounted there for a chroot."""
    with Box(data_root=patient()) as made:
        faults.inject_all(made, FAULTS, seed=5)
        made.write("/etc/sysctl.d/99-hardening.conf", "net.ipv4.ip_forward = 0\n")
        made.run(["sh", "-c", MAKE])
        yield made


def on_disk(box: Box) -> set[str]:
    """All that the disk holds."""
    return kit.files(box, *(f"{DISK}/{name}" for name in ("etc", "var", "usr", "run")))


def test_a_disk_is_repaired_from_outside(rescue: Box) -> None:
    """Only what the plan names changes on the disk, nothing of the rescue system; undo gives each byte back."""
    box = rescue
    box.write("/proc/sys/net/ipv4/ip_forward", "0\n")
    disk, etc, kernel = on_disk(box), kit.files(box, "/etc"), kit.kernel(box)
    assert "network/ip-forward-reverted-at-boot" in kit.ids(box, "--root", DISK)
    assert "network/ip-forward-off" not in kit.ids(box, "--root", DISK)
    assert on_disk(box) == disk

    done = box.doctor("fix", "--root", DISK, "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    changed = {line.split("'")[1] for line in on_disk(box) ^ disk}
    named = (f"{DISK}/etc/sysctl.d", f"{DISK}/etc/docker", f"{DISK}/etc/sysconfig/docker", f"{DISK}/var/lib/docker/")
    assert changed
    assert all(path.startswith(named) for path in changed), sorted(changed)
    assert kit.files(box, "/etc") == etc
    assert kit.kernel(box) == kernel
    assert kit.planned(box, "--root", DISK, "--allow", "disruptive") == []

    assert DISK in box.doctor("undo", "--list").stdout
    kit.undo(box)
    assert on_disk(box) == disk, kit.words(on_disk(box) ^ disk)

    assert box.doctor("fix", "--root", DISK, "--apply", "--yes", "--allow", "disruptive").returncode in {0, 1}
    box.run(["sh", "-c", f"cp -a {DISK}/etc/sysconfig/docker /etc/sysconfig/; cp -a {DISK}/etc/docker/. /etc/docker/"])
    box.start_dockerd(settings=True)
    assert set(judge.ports(box).values()) == {"hello", "com"}


def test_a_disk_in_use_is_refused(rescue: Box) -> None:
    """While a dockerd holds the data root nothing on the disk changes: neither a repair nor an undo begins."""
    box = rescue
    assert box.doctor("fix", "--root", DISK, "--apply", "--yes", "--allow", "disruptive").returncode in {0, 1}
    box.run(["sh", "-c", f"cp -a {DISK}/etc/sysconfig/docker /etc/sysconfig/"])
    box.start_dockerd(settings=True)
    before = kit.files(box, f"{DISK}/etc")
    undo = kit.undo(box, code=5)
    assert "(dockerd) holds the data root" in undo.stderr
    (box.workdir / "docker/image/overlay2/repositories.json").write_bytes(b"")
    refused = box.doctor("fix", "--root", DISK, "--apply", "--yes", "--allow", "disruptive")
    assert refused.returncode == 5, refused.stdout + refused.stderr
    assert "(dockerd) holds the data root" in refused.stderr
    assert (box.workdir / "docker/image/overlay2/repositories.json").read_bytes() == b""
    assert kit.files(box, f"{DISK}/etc") == before
    box.power_loss()
    assert box.doctor("fix", "--root", DISK, "--apply", "--yes", "--allow", "disruptive").returncode in {0, 1}
    assert (box.workdir / "docker/image/overlay2/repositories.json").read_bytes() != b""


@pytest.mark.parametrize("place", ["/nope", "/etc/passwd", "not/absolute"])
def test_a_place_that_is_no_disk(bare_box: Box, place: str) -> None:
    """A mistyped --root is a usage error, never a healthy host."""
    done = bare_box.doctor("scan", "--root", place)
    assert done.returncode == 2
    assert "--root is not a directory" in done.stderr
