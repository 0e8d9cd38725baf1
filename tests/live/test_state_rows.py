"""Rows of damage that stand in no other test, made together on a really torn host: each is found by its own id and mended.

Several faults at once also show that they don't hide each other.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.box import INIT_SCRIPT, Box
from tests.hosts.patient import CONTAINERS, patient

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

CONFIG = "config.v2.json"
HOST_CONFIG = "hostconfig.json"
PLUGIN = "plugins/" + "ab" * 32
WAL = "swarm/raft/wal-v3-encrypted"


@pytest.fixture
def dead_box(can_box: None) -> Iterator[Box]:
    """A box with the patient as a power loss left it: no dockerd has run since."""
    with Box(data_root=patient()) as made:
        made.write("/etc/init.d/docker", INIT_SCRIPT, mode=0o755)
        yield made


@pytest.fixture
def node(box: Box) -> Box:
    """The lone manager of a swarm after a power loss, with a metadata backup."""
    box.docker("swarm", "init", "--advertise-addr", "198.51.100.1")
    box.docker("config", "create", "kept", "-", input="value")
    box.power_loss()
    scan(box)
    return box


def top(box: Box) -> Path:
    """The data root, from outside."""
    return box.workdir / "docker"


def found(box: Box, *areas: str) -> set[str]:
    """Ids of what a scan finds, but for what is only worth knowing."""
    said = box.doctor("scan", "--select", ",".join(areas or ("state",)), "--format", "json")
    return {one["id"] for one in json.loads(said.stdout)["findings"] if one["severity"] != "info"}


def scan(box: Box) -> None:
    """Scan the healthy root, which keeps a backup of its metadata."""
    assert found(box) == set()
    box.doctor("scan")
    assert list((box.workdir / "doctor/metadata").glob("2*.json"))


def ids(*names: str) -> set[str]:
    """Ids of the area state."""
    return {f"state/{name}" for name in names}


def of(box: Box, name: str) -> Path:
    """The directory of a container by its name, whatever its config says now."""
    for place in (top(box) / "containers").iterdir():
        if json.loads((place / CONFIG).read_text() or "{}").get("Name") == f"/{name}":
            return place
    raise LookupError(name)


def edit(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a JSON file."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def chattr(flag: str, path: Path) -> None:
    """Set an inode flag."""
    subprocess.run(["chattr", flag, str(path)], check=True)


def names(box: Box) -> set[str]:
    """Names of all containers that the engine knows."""
    return set(box.docker("ps", "-a", "--format", "{{.Names}}").split())


def apply(box: Box) -> str:
    """Repair; the engine is started by the repair."""
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    print(done.stdout)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert box.engine_answers(), done.stdout
    return done.stdout


def test_what_is_mended_without_any_backup(dead_box: Box) -> None:
    """Containers' files, volumes' records, identity, pid file, socket, another driver's leavings."""
    box = dead_box
    log = next(of(box, "talk").glob("*-json.log"))
    edit(of(box, "job") / CONFIG, lambda value: value.update(Driver=""))
    hosts = of(box, "web") / "hosts"
    hosts.unlink(missing_ok=True)
    hosts.mkdir()
    log.rename(log.with_name("aside"))
    log.with_name("aside").unlink()
    log.mkdir()
    edit(of(box, "anon") / CONFIG, lambda value: value.update(Name="/made"))
    (top(box) / "volumes/scratch/opts.json").unlink()
    (top(box) / "engine-id").write_bytes(b"")
    (top(box) / "btrfs/subvolumes").mkdir(parents=True)
    box.run(["mkdir", "-p", "/run/docker.pid", "/run/docker.sock"])
    assert found(box) == ids(
        "container-driver-mismatch",
        "container-file-wrong-type",
        "container-name-duplicate",
        "volume-opts-missing",
        "engine-id-wrong",
        "drivers-several",
        "pidfile-foreign",
        "socket-wrong-type",
    )
    apply(box)
    assert found(box) == set()
    now = names(box)
    assert {"job", "web", "talk", "made", "plain"} <= now
    assert len(now) == len(CONTAINERS)
    assert box.docker("inspect", "-f", "{{.State.Running}}", "web") == "true"
    shown = box.docker("run", "--rm", "--network", "none", "-v", "scratch:/x", "bb:1", "mount")
    assert "tmpfs on /x type tmpfs" in shown


def test_what_nobody_can_change_is_freed_and_held_again_by_undo(dead_box: Box) -> None:
    """An immutable database keeps the engine down, an immutable directory hides its container."""
    box = dead_box
    held = (
        top(box) / "network/files/local-kv.db",
        of(box, "web") / "hostname",
        of(box, "web"),
        of(box, "job") / CONFIG,
    )
    try:
        for path in held:
            chattr("+i", path)
        assert found(box) == ids("immutable-attribute")
        apply(box)
        assert found(box) == set()
        assert names(box) == set(CONTAINERS)
        assert box.docker("inspect", "-f", "{{.State.Running}}", "web") == "true"
        undone = box.doctor("undo", "--yes")
        assert undone.returncode == 0, undone.stdout + undone.stderr
        flags = subprocess.run(["lsattr", "-d", *map(str, held)], capture_output=True, text=True, check=True).stdout
        assert [line.split()[0][4] for line in flags.splitlines()] == ["i"] * len(held)
    finally:
        for path in held:
            chattr("-i", path)


def test_what_only_a_person_or_a_backup_can_mend(dead_box: Box) -> None:
    """Without a backup each is named; a plan mends none of them by guess."""
    box = dead_box
    torn(box)
    expected = ids(
        "container-config-corrupt",
        "hostconfig-corrupt",
        "hostconfig-missing",
        "container-removal-half-done",
        "plugin-config-corrupt",
        "volume-data-missing",
        "volume-dir-missing",
    )
    assert found(box) == expected
    apply(box)
    assert expected - found(box) <= ids("volume-dir-missing", "hostconfig-missing")
    assert not (top(box) / "volumes/scratch/_data").exists()
    assert (box.workdir / "doctor/aside/volumes/metadata.db").exists()


def torn(box: Box) -> None:
    """What has no second copy in the data root is damaged."""
    job, anon, talk, made = (of(box, name) for name in ("job", "anon", "talk", "made"))
    (top(box) / PLUGIN).mkdir(parents=True, exist_ok=True)
    (top(box) / PLUGIN / "config.json").write_bytes(b"")
    (job / CONFIG).write_bytes(b"")
    (anon / HOST_CONFIG).write_bytes((anon / HOST_CONFIG).read_bytes()[:200])
    (talk / HOST_CONFIG).unlink()
    edit(made / CONFIG, lambda value: value["State"].update(Dead=True))
    shutil.rmtree(top(box) / "volumes/scratch/_data")
    (top(box) / "volumes/data").rename(box.workdir / "away")


def test_the_same_with_an_earlier_scan(dead_box: Box) -> None:
    """Configs, an identity with a flipped bit and a plugin come back; what a person must decide stays."""
    box = dead_box
    (top(box) / PLUGIN).mkdir(parents=True)
    whole = b'{"plugin":{"Name":"vieux/sshfs:latest","Enabled":false}}'
    (top(box) / PLUGIN / "config.json").write_bytes(whole)
    scan(box)
    identity = (top(box) / "engine-id").read_text()
    digit = next(place for place, letter in enumerate(identity) if letter in "02468")
    (top(box) / "engine-id").write_text(identity[:digit] + str(int(identity[digit]) + 1) + identity[digit + 1 :])
    removed = of(box, "plain")
    torn(box)
    shutil.rmtree(removed)
    assert ids("engine-id-wrong", "container-dir-missing") <= found(box)
    (box.workdir / "away").rename(top(box) / "volumes/data")
    apply(box)
    assert found(box) == ids("container-removal-half-done", "volume-data-missing")
    assert names(box) == set(CONTAINERS)
    assert (top(box) / PLUGIN / "config.json").read_bytes() == whole
    assert box.docker("info", "-f", "{{.ID}}") == identity.strip()


def test_a_swarm_node_reads_its_log_again(node: Box) -> None:
    """The list of tasks goes, the certificate comes from the backup, and the node leads its swarm as before."""
    box = node
    (top(box) / "swarm/worker/tasks.db").write_bytes(b"noise" * 4000)
    (top(box) / "swarm/certificates/swarm-node.crt").write_bytes(b"")
    assert found(box) == ids("swarm-raft-corrupt", "swarm-cert-corrupt")
    apply(box)
    box.run(
        [
            "sh",
            "-c",
            "for i in $(seq 100); do docker config ls -q 2>/dev/null | grep -q . && exit 0; sleep 0.1; done; exit 1",
        ]
    )
    assert box.docker("config", "ls", "--format", "{{.Name}}") == "kept"
    assert found(box) == set()


def test_a_damaged_raft_log_is_named_and_left(node: Box) -> None:
    """Zeros in the middle: dockerd starts and is no manager any more; doctor says what a person can do."""
    box = node
    path = max((top(box) / WAL).glob("*.wal"))
    data = bytearray(path.read_bytes())
    used = len(bytes(data).rstrip(b"\0"))
    middle = used // 2
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)
    assert found(box) == ids("swarm-raft-corrupt")
    apply(box)
    assert path.read_bytes()[: middle + 64] == bytes(data[: middle + 64])
    box.run(["sh", "-c", "for i in $(seq 50); do grep -q WAL /var/log/dockerd.log && exit 0; sleep 0.1; done; exit 1"])
    assert "irreparable WAL error" in box.log()


def test_a_mount_over_the_data_root_and_one_that_is_away(dead_box: Box) -> None:
    """A tmpfs on top: the hidden disk is named, and the backup tells what is out of sight."""
    box = dead_box
    scan(box)
    box.run(["mount", "-t", "tmpfs", "tmpfs", "/var/lib/docker"])
    assert found(box, "state", "storage") == {"storage/mount-over-data-root", "state/data-root-elsewhere"}
    box.run(["umount", "/var/lib/docker"])
    assert found(box, "state", "storage") == set()


def test_a_full_data_root_is_found(bare_box: Box) -> None:
    """Space and inodes: both keep the engine from working, with other words than these."""
    box = bare_box
    box.run(["mount", "-t", "tmpfs", "-o", "size=8m,nr_inodes=60", "tmpfs", "/var/lib/docker"])
    box.run(
        [
            "sh",
            "-c",
            "head -c 7900000 /dev/zero >/var/lib/docker/fill; for i in $(seq 58); do : >/var/lib/docker/$i; done",
        ]
    )
    assert {"resources/disk-full", "resources/inodes-full"} <= found(box, "resources")


def test_a_half_removed_record_of_a_live_layer_is_set_aside(dead_box: Box) -> None:
    """The guard stops the start; the repair keeps the layer through a clean stop, at which dockerd alone deletes it."""
    box = dead_box
    records = top(box) / "image/overlay2/layerdb/sha256"
    record = next(path for path in sorted(records.iterdir()) if (path / "cache-id").exists())
    shutil.copytree(record, records / f"{record.name}-1234567-removing")
    layer = top(box) / "overlay2" / (record / "cache-id").read_text()
    assert found(box) == ids("layerdb-removing-shared")
    assert box.doctor("guard").returncode == 10
    apply(box)
    box.stop_dockerd()
    assert (layer / "diff").is_dir()
    assert found(box) == set()
    assert box.doctor("guard").returncode == 0


def test_a_snapshotter_that_lost_its_list_stops_the_start(bare_box: Box) -> None:
    """The containerd image store: its next clean-up would delete every snapshot."""
    box = bare_box
    place = top(box) / "containerd/daemon"
    (place / "io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs").mkdir(parents=True)
    (place / "io.containerd.snapshotter.v1.overlayfs/metadata.db").write_bytes(b"")
    assert "state/containerd-snapshot-db-lost" in found(box)
    assert box.doctor("guard").returncode == 10
