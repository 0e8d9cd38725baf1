"""Containers of storage drivers other than overlay2: made by a real dockerd, salvaged from its corpse, run by another one."""

import json
import re
import shutil

import pytest

from tests.hosts import judge
from tests.hosts.box import Box
from tests.live.containerd import containerd_kit as store
from tests.live.salvage.salvage_kit import IMAGES, OUT, TAGS, loaded

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

CHANGES = (
    "echo mine >/marker; rm -r /www; mkdir /www; echo new >/www/index.html; rm /bin/vi; ln -s marker /link; "
    "chmod 600 /etc/passwd 2>/dev/null; mkdir -p /deep/er; echo x >/deep/er/file; ln /deep/er/file /deep/hard"
)
LOOK = judge._IMAGE_HASH


def populate(box: Box) -> dict[str, str]:
    """Images, a container that removed and replaced things, and one on containerd's store; what dockerd shows of it."""
    box.load_images()
    command = f"[ -e /marker ] || {{ {CHANGES}; }}; {LOOK}"
    return {"job": box.docker("run", "--network", "none", "--name", "job", "app:latest", "sh", "-c", command)}


def hashes(text: str, driver: str) -> set[str]:
    """Lines of a root's hash. Without the link counts where vfs counts them: its own copies of layers tear hard links."""
    count = r" (directory|regular file) \d+$" if driver == "vfs" else r" (directory) \d+$"
    return {re.sub(count, r" \1", line) for line in text.splitlines() if line}


@pytest.mark.parametrize("driver", ["vfs", "overlay2", "containerd"])
def test_a_container_is_salvaged_as_an_image(driver: str, can_box: None) -> None:
    """Its root is the same to the last file in a fresh dockerd: changed, new and removed names, links and modes."""
    with Box() as box:
        if driver == "containerd":
            store.use(box)
            box.start_dockerd()
        else:
            box.start_dockerd("--storage-driver", driver)
        before = populate(box)["job"]
        box.power_loss()
        done = box.doctor("salvage", "--to", OUT, "--tar", IMAGES, "--containers", "--format", "json", "app:latest")
        assert done.returncode == 0, done.stdout + done.stderr
        outcome = json.loads(done.stdout)
        (tree,) = outcome["trees"]
        listed = set(box.run(["tar", "-tf", f"{OUT}/{tree['file']}"]).stdout.split())
        assert {"marker", "link", "deep/er/file", "deep/hard", "bin/.wh.vi"} <= listed
        assert "bin/busybox" not in listed, "what the image has is not in the container's layer"
        again = box.doctor("salvage", "--to", OUT, "--containers", "--format", "json", "app:latest")
        assert json.loads(again.stdout)["bytes_written"] == 0, "a second run finds everything there"
        run = ("run", "--rm", "--network", "none", "--name", "check", "salvaged-container:job", "sh", "-c", LOOK)
        with loaded(box) as other:
            after = other.docker(*run)
        assert hashes(after, driver) == hashes(before, driver)


def test_volumes_are_made_again_elsewhere(dead_box: Box) -> None:
    """By the script, in a fresh dockerd: labels, options and files are those of the patient."""
    expected = {"data": "", "scratch": "keep=yes"}
    done = dead_box.doctor("salvage", "--to", OUT, "--volumes", "--format", "json", "bb:1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {tree["name"] for tree in json.loads(done.stdout)["trees"]} >= set(expected)
    with Box() as other:
        other.start_dockerd()
        shutil.copytree(dead_box.path(f"{OUT}/volumes"), other.path("/mnt/volumes"))
        ran = other.run(["sh", "/mnt/volumes/restore.sh"])
        assert "data: restored" in ran.stdout
        found = {one["Name"]: one for one in json.loads(other.docker("volume", "inspect", *expected))}
        assert found["scratch"]["Labels"] == {"keep": "yes"}
        assert found["scratch"]["Options"] == {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
        assert other.read(f"{found['data']['Mountpoint']}/file") == "kept\n"
        again = other.run(["sh", "/mnt/volumes/restore.sh", "data"])
        assert "exists already" in again.stderr


def test_a_disk_with_nothing_but_the_directory(dead_box: Box) -> None:
    """A disk that was mounted on /var/lib/docker, and now on another place: images with their names."""
    dead_box.run(["sh", "-ec", "mkdir -p /mnt/olddisk; mount --bind /var/lib/docker /mnt/olddisk"])
    done = dead_box.doctor("salvage", "--data-root", "/mnt/olddisk", "--to", OUT, "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    names = {name for image in json.loads(done.stdout)["images"] for name in image["names"]}
    assert names == TAGS
    inside = dead_box.doctor("salvage", "--data-root", "/mnt/olddisk", "--to", "/mnt/olddisk/out")
    assert inside.returncode == 5
    wrong = dead_box.doctor("salvage", "--data-root", "/mnt", "--to", OUT)
    assert wrong.returncode == 2
