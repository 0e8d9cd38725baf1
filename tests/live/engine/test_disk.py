"""A full disk: who has the space and what frees it, made by a real engine and judged by the free space of a real file system."""

import json
import re
import shlex
from typing import Any

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live
ROOT = "/var/lib/docker"
LEAK = f"{ROOT}/overlay2/{'e' * 64}"


def put(box: Box, path: str, megabytes: int) -> None:
    """Write a file inside the mount."""
    box.run(["dd", "if=/dev/zero", f"of={path}", "bs=1M", f"count={megabytes}"])


@pytest.fixture
def full_box(bare_box: Box) -> Box:
    """An engine on a data root of 200 MiB with a bit of everything that fills one."""
    box = bare_box
    box.run(["mount", "-t", "tmpfs", "-o", "size=200m,mode=710", "tmpfs", ROOT])
    box.start_dockerd()
    box.load_images()
    box.docker(
        "run",
        "-d",
        "--name",
        "chatty",
        "bb:1",
        "sh",
        "-c",
        "head -c 8000000 /dev/zero | tr '\\0' x | fold -w 99; exec sleep 1000",
    )
    log = box.docker("inspect", "-f", "{{.LogPath}}", "chatty")
    quiet = f"while a=$(stat -c %s {log}); sleep 0.4; [ $a -lt 12000000 ] || [ $a != $(stat -c %s {log}) ]; do :; done"
    box.run(["timeout", "20", "sh", "-c", quiet])
    box.docker("run", "--name", "old", "bb:1", "sh", "-c", "head -c 35000000 /dev/zero >/big")
    box.docker("volume", "create", "unused")
    box.run(["mkdir", "-p", f"{ROOT}/tmp", f"{LEAK}/diff"])
    put(box, f"{ROOT}/volumes/unused/_data/big", 12)
    put(box, f"{ROOT}/tmp/GetImageBlob123", 9)
    put(box, f"{LEAK}/diff/big", 22)
    box.run(["sh", "-c", f"printf LEAKEDLEAKEDLEAKEDLEAKED00 >{LEAK}/link; touch -d 2020-01-01 {LEAK}"])
    return box


def disk(box: Box, *more: str) -> dict[str, Any]:
    """The finding of the data root's disk."""
    done = box.doctor("scan", "--select", "resources/disk-full", "--format", "json", *more)
    found = json.loads(done.stdout)["findings"]
    return next(one for one in found if one["subject"]["name"] == ROOT)


def free(box: Box) -> int:
    """Free bytes of the data root."""
    return int(box.run(["stat", "-f", "-c", "%a", ROOT]).stdout) * 4096


def test_who_has_the_space(full_box: Box) -> None:
    """Each consumer is named with its size, and the command shown for it frees that much and no more."""
    box = full_box
    box.run(["rm", box.docker("inspect", "-f", "{{.LogPath}}", "chatty")])
    fill = free(box) - (24 << 20)
    box.run(["dd", "if=/dev/zero", f"of={ROOT}/other", f"bs={fill}", "count=1"])
    finding = disk(box)
    text = " ".join(one["value"] for one in finding["evidence"])
    for words in (
        "deleted file",
        "stopped containers",
        "volumes without a container",
        "layers that nothing refers to",
        "unfinished downloads",
    ):
        assert words in text
    command = re.search(r"truncate -s 0 /proc/\d+/fd/\d+", finding["fix"]["summary"])
    assert command is not None
    before = free(box)
    box.run(shlex.split(command[0]))
    assert free(box) - before > 12_000_000
    box.docker("container", "prune", "-f")
    assert free(box) - before > 46_000_000
    assert box.run(["stat", "-c", "%s", f"{ROOT}/volumes/unused/_data/big"]).stdout.strip() == str(12 << 20)
    box.docker("rm", "-f", "chatty")
    box.run(["rm", f"{ROOT}/other"])
    the_leak_is_freed(box)


def the_leak_is_freed(box: Box) -> None:
    """The repair frees nothing, the purge all of it; then the undo says what it can't restore, and changes nothing."""
    before = free(box)
    done = box.doctor("fix", "state/layer-orphan", "--apply", "--yes", "--allow", "destructive")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    listed = json.loads(box.doctor("quarantine", "list", "--format", "json").stdout)
    (run,) = listed["runs"]
    assert [item["path"] for item in run["items"]] == [LEAK]
    assert run["bytes"] >= 22 << 20
    kept = free(box)
    assert kept - before < 12 << 20, "only the downloads, which the engine's restart removed"
    assert box.doctor("quarantine", "purge", "--yes").returncode == 0
    assert abs(free(box) - kept) < 4 << 20
    done = box.doctor("quarantine", "purge", "--run", run["run"], "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert free(box) - kept > 20 << 20
    pids = box.pids("dockerd")
    undo = box.doctor("undo", run["run"], "--yes")
    assert undo.returncode == 5
    assert f"no longer restorable: {LEAK}" in " ".join((undo.stdout + undo.stderr).split())
    assert box.pids("dockerd") == pids
    assert ", purged" in box.doctor("undo", "--list").stdout
