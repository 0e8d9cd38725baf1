"""Storage drivers that a real dockerd can't run, or that hide all images: the images are back after the repair."""

import json

import pytest

from tests.hosts import faults, judge
from tests.hosts.box import Box
from tests.live.network.probe_kit import probe

pytestmark = pytest.mark.live

DAEMON_JSON = "/etc/docker/daemon.json"
AREAS = ("storage", "config", "engine")


def findings(box: Box) -> dict[str, str]:
    """Id → severity of what a scan finds, what is only worth knowing left out."""
    done = box.doctor("scan", "--select", ",".join(AREAS), "--format", "json")
    found = json.loads(done.stdout)["findings"]
    return {finding["id"]: finding["severity"] for finding in found if finding["severity"] != "info"}


def repaired(box: Box) -> None:
    """Apply the plan; the engine may restart."""
    done = box.doctor("fix", *AREAS, "--apply", "--yes", "--allow", "disruptive")
    print(done.stdout, done.stderr)
    assert done.returncode == 0


@pytest.fixture
def stopped(patient_box: Box) -> tuple[Box, dict[str, str]]:
    """The patient with its engine stopped, and the images that it had."""
    before = judge.images(patient_box)
    patient_box.stop_dockerd()
    return patient_box, before


@pytest.mark.parametrize(
    ("fault", "identity", "words"),
    [
        ("config/storage-driver-removed", "storage/driver-removed", "has been deprecated and removed"),
        ("config/storage-driver-aufs", "storage/driver-removed", "has been deprecated and removed"),
        ("config/storage-driver-unsupported", "storage/driver-fs-mismatch", "prerequisites for driver not satisfied"),
    ],
)
def test_a_driver_that_can_not_run(stopped: tuple[Box, dict[str, str]], fault: str, identity: str, words: str) -> None:
    """The engine refuses the driver; the one that holds the images is named, and all images are there again."""
    box, before = stopped
    faults.inject(box, fault, seed=1)
    broken = box.read(DAEMON_JSON)
    box.start_dockerd(settings=True, wait=False)
    box.run(["sh", "-c", "for i in $(seq 150); do pidof dockerd >/dev/null || exit 0; sleep 0.1; done; exit 1"])
    assert words in box.log()
    assert findings(box)[identity] == "critical"
    repaired(box)
    assert json.loads(box.read(DAEMON_JSON))["storage-driver"] == "overlay2"
    assert judge.images(box) == before
    assert findings(box) == {}
    undo = box.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert box.read(DAEMON_JSON) == broken


def test_a_changed_driver_hides_all_images(stopped: tuple[Box, dict[str, str]]) -> None:
    """With vfs the engine starts and shows nothing; the old driver is named again, the images are back."""
    box, before = stopped
    faults.inject(box, "config/storage-driver-changed", seed=1)
    box.start_dockerd()
    assert judge.images(box) == {}
    assert findings(box) == {"storage/images-hidden": "error"}
    repaired(box)
    assert judge.images(box) == before
    assert findings(box) == {}


def test_the_data_root_by_its_old_name(stopped: tuple[Box, dict[str, str]]) -> None:
    """`graph` becomes `data-root` with the same place, everything in it is there."""
    box, before = stopped
    box.run(["sh", "-c", "mkdir /var/lib/docker/moved && cd /var/lib/docker && mv $(ls -A | grep -v ^moved$) moved/"])
    box.write(DAEMON_JSON, '{\n  "graph": "/var/lib/docker/moved"   \n}\n')
    box.start_dockerd(settings=True, wait=False)
    box.run(["sh", "-c", "for i in $(seq 150); do pidof dockerd >/dev/null || exit 0; sleep 0.1; done; exit 1"])
    assert findings(box)["config/removed-key"] == "critical"
    repaired(box)
    assert box.read(DAEMON_JSON) == '{\n  "data-root": "/var/lib/docker/moved"   \n}\n'
    assert judge.images(box) == before


def test_a_data_root_on_an_overlay(bare_box: Box) -> None:
    """A data root on the box's own overlay: overlay2 can't work there, and both dockerd and doctor say so."""
    box = bare_box
    box.run(["mkdir", "-p", "/srv/docker"])
    box.write(DAEMON_JSON, '{"data-root": "/srv/docker", "storage-driver": "overlay2"}\n')
    box.start_dockerd(wait=False)
    box.run(["sh", "-c", "for i in $(seq 150); do pidof dockerd >/dev/null || exit 0; sleep 0.1; done; exit 1"])
    assert findings(box)["storage/data-root-on-overlay"] == "critical"


def test_a_read_only_data_root(stopped: tuple[Box, dict[str, str]]) -> None:
    """The file system went read-only: the engine can't start, and doctor does not try it in vain."""
    box, _ = stopped
    box.run(["mount", "-o", "remount,bind,ro", "/var/lib/docker"])
    assert findings(box)["storage/data-root-readonly"] == "critical"
    done = box.doctor("fix", *AREAS, "--apply", "--yes")
    assert done.returncode == 1, done.stdout + done.stderr
    assert not box.engine_answers()


def test_a_read_only_directory_of_the_data_root(box: Box) -> None:
    """The data root is writable, and what the engine keeps in one directory of it is not: only some commands fail."""
    box.load_images()
    for name, command in {
        "containers": ("run", "--rm", "bb:1", "true"),
        "volumes": ("run", "--rm", "-v", "new:/data", "bb:1", "true"),
    }.items():
        path = f"/var/lib/docker/{name}"
        box.run(["sh", "-ec", f"mount --bind {path} {path}; mount -o remount,bind,ro {path}"])
        assert "read-only file system" in box.run(["docker", *command], check=False).stderr, name
        assert findings(box)["storage/directory-readonly"] == "error"
        if name == "containers":
            message = probe(box, "start").by_name["start"]["message"]
            assert "a file system is mounted read-only" in message, "the reason of the first refusal"
            box.run(["umount", path])
    done = box.doctor("fix", "storage", "--choose", f"storage/directory-readonly:{path}=writable", "--apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    box.docker(*command)
