"""Rows of damage that are in no other test, caused together on a really damaged host: each is found by its own id and repaired.

Several faults at once also show that they don't hide each other.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import damage, places
from tests.hosts.box import Box
from tests.hosts.patient import CONTAINERS
from tests.hosts.places import CONFIG, HOST_CONFIG
from tests.live.repair import repair_kit as kit
from tests.live.state.state_kit import backups, problems, revive

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

PLUGIN = "plugins/" + "ab" * 32
WAL = "swarm/raft/wal-v3-encrypted"


@pytest.fixture
def node(box: Box) -> Box:
    """The lone manager of a swarm after a power loss, with a metadata backup."""
    box.docker("swarm", "init", "--advertise-addr", "198.51.100.1")
    box.docker("config", "create", "kept", "-", input="value")
    box.power_loss()
    scan(box)
    return box


def scan(box: Box) -> None:
    """Scan the healthy root, which keeps a backup of its metadata."""
    assert problems(box) == set()
    box.doctor("scan")
    assert backups(box)


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


def test_what_is_repaired_without_any_backup(dead_box: Box) -> None:
    """Containers' files, volumes' records, identity, pid file, socket, another driver's leavings."""
    box = dead_box
    log = next(places.container(box.data_root, "talk").glob("*-json.log"))
    edit(places.container(box.data_root, "job") / CONFIG, lambda value: value.update(Driver=""))
    hosts = places.container(box.data_root, "web") / "hosts"
    hosts.unlink(missing_ok=True)
    hosts.mkdir()
    damage.into_directory(log)
    edit(places.container(box.data_root, "anon") / CONFIG, lambda value: value.update(Name="/made"))
    (box.data_root / "volumes/scratch/opts.json").unlink()
    damage.empty(box.data_root / "engine-id")
    (box.data_root / "btrfs/subvolumes").mkdir(parents=True)
    box.run(["mkdir", "-p", "/run/docker.pid", "/run/docker.sock/of-an-agent", "/etc/docker/daemon.json"])
    assert problems(box) == {
        "container-driver-mismatch",
        "container-file-wrong-type",
        "container-name-duplicate",
        "volume-opts-missing",
        "engine-id-wrong",
        "drivers-several",
        "pidfile-foreign",
        "socket-wrong-type",
    }
    revive(box)
    assert problems(box) == set()
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
        box.data_root / "network/files/local-kv.db",
        places.container(box.data_root, "web") / "hostname",
        places.container(box.data_root, "web"),
        places.container(box.data_root, "job") / CONFIG,
    )
    try:
        for path in held:
            chattr("+i", path)
        assert problems(box) == {"immutable-attribute"}
        revive(box)
        assert problems(box) == set()
        assert names(box) == set(CONTAINERS)
        assert box.docker("inspect", "-f", "{{.State.Running}}", "web") == "true"
        kit.undo(box)
        flags = subprocess.run(["lsattr", "-d", *map(str, held)], capture_output=True, text=True, check=True).stdout
        assert [line.split()[0][4] for line in flags.splitlines()] == ["i"] * len(held)
    finally:
        for path in held:
            chattr("-i", path)


def test_what_only_a_person_or_a_backup_can_repair(dead_box: Box) -> None:
    """Without a backup each is named; a plan repairs none of them by guess."""
    box = dead_box
    torn(box)
    expected = {
        "container-config-corrupt",
        "hostconfig-corrupt",
        "hostconfig-missing",
        "container-removal-half-done",
        "plugin-config-corrupt",
        "volume-data-missing",
        "volume-dir-missing",
    }
    assert problems(box) == expected
    revive(box)
    assert expected - problems(box) <= {"volume-dir-missing", "hostconfig-missing"}
    assert not (box.data_root / "volumes/scratch/_data").exists()
    assert (box.workdir / "doctor/aside/volumes/metadata.db").exists()


def torn(box: Box) -> None:
    """Files without a second copy in the data root are corrupt."""
    job, anon, talk, made = (places.container(box.data_root, name) for name in ("job", "anon", "talk", "made"))
    (box.data_root / PLUGIN).mkdir(parents=True, exist_ok=True)
    damage.empty(box.data_root / PLUGIN / "config.json")
    damage.empty(job / CONFIG)
    (anon / HOST_CONFIG).write_bytes((anon / HOST_CONFIG).read_bytes()[:200])
    (talk / HOST_CONFIG).unlink()
    edit(made / CONFIG, lambda value: value["State"].update(Dead=True))
    shutil.rmtree(box.data_root / "volumes/scratch/_data")
    (box.data_root / "volumes/data").rename(box.workdir / "away")


def test_the_same_with_an_earlier_scan(dead_box: Box) -> None:
    """Configs, an identity with a flipped bit and a plugin are restored; what the user must decide stays."""
    box = dead_box
    (box.data_root / PLUGIN).mkdir(parents=True)
    whole = b'{"plugin":{"Name":"vieux/sshfs:latest","Enabled":false}}'
    (box.data_root / PLUGIN / "config.json").write_bytes(whole)
    scan(box)
    identity = (box.data_root / "engine-id").read_text()
    digit = next(place for place, letter in enumerate(identity) if letter in "02468")
    (box.data_root / "engine-id").write_text(identity[:digit] + str(int(identity[digit]) + 1) + identity[digit + 1 :])
    removed = places.container(box.data_root, "plain")
    torn(box)
    shutil.rmtree(removed)
    assert {"engine-id-wrong", "container-dir-missing"} <= problems(box)
    (box.workdir / "away").rename(box.data_root / "volumes/data")
    revive(box)
    assert problems(box) == {"container-removal-half-done", "volume-data-missing"}
    assert names(box) == set(CONTAINERS)
    assert (box.data_root / PLUGIN / "config.json").read_bytes() == whole
    assert box.docker("info", "-f", "{{.ID}}") == identity.strip()


def test_a_swarm_node_reads_its_log_again(node: Box) -> None:
    """The list of tasks goes, the certificate comes from the backup, and the node leads its swarm as before."""
    box = node
    (box.data_root / "swarm/worker/tasks.db").write_bytes(b"noise" * 4000)
    damage.empty(box.data_root / "swarm/certificates/swarm-node.crt")
    assert problems(box) == {"swarm-raft-corrupt", "swarm-cert-corrupt"}
    revive(box)
    box.run(
        [
            "sh",
            "-c",
            "for i in $(seq 100); do docker config ls -q 2>/dev/null | grep -q . && exit 0; sleep 0.1; done; exit 1",
        ]
    )
    assert box.docker("config", "ls", "--format", "{{.Name}}") == "kept"
    assert problems(box) == set()


def test_a_damaged_raft_log_is_named_and_left(node: Box) -> None:
    """Zeros in the middle: dockerd starts and is no longer a manager; doctor shows advice."""
    box = node
    path = max((box.data_root / WAL).glob("*.wal"))
    data = bytearray(path.read_bytes())
    used = len(bytes(data).rstrip(b"\0"))
    middle = used // 2
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)
    assert problems(box) == {"swarm-raft-corrupt"}
    revive(box)
    assert path.read_bytes()[: middle + 64] == bytes(data[: middle + 64])
    box.run(["sh", "-c", "for i in $(seq 50); do grep -q WAL /var/log/dockerd.log && exit 0; sleep 0.1; done; exit 1"])
    assert "irreparable WAL error" in box.log()


def test_a_mount_over_the_data_root_and_one_that_is_away(dead_box: Box) -> None:
    """A tmpfs on top: the hidden disk is named, and the backup shows what is hidden."""
    box = dead_box
    scan(box)
    box.run(["mount", "-t", "tmpfs", "tmpfs", "/var/lib/docker"])
    assert kit.ids(box, "--select", "state,storage") == {"storage/mount-over-data-root", "state/data-root-elsewhere"}
    box.run(["umount", "/var/lib/docker"])
    assert kit.ids(box, "--select", "state,storage") == set()


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
    assert {"resources/disk-full", "resources/inodes-full"} <= kit.ids(box, "--select", "resources")


def test_a_half_removed_record_of_a_live_layer_is_set_aside(dead_box: Box) -> None:
    """The guard stops the start; the repair keeps the layer through a clean stop, at which dockerd alone deletes it."""
    box = dead_box
    record = next(path for path in places.records(box.data_root) if (path / "cache-id").exists())
    shutil.copytree(record, record.with_name(f"{record.name}-1234567-removing"))
    layer = places.layer_directory(box.data_root, record)
    assert problems(box) == {"layerdb-removing-shared"}
    assert box.doctor("guard").returncode == 10
    revive(box)
    box.stop_dockerd()
    assert (layer / "diff").is_dir()
    assert problems(box) == set()
    assert box.doctor("guard").returncode == 0


def test_a_snapshotter_that_lost_its_list_stops_the_start(bare_box: Box) -> None:
    """The containerd image store: its next clean-up would delete every snapshot."""
    box = bare_box
    place = box.data_root / "containerd/daemon"
    (place / "io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs").mkdir(parents=True)
    (place / "io.containerd.snapshotter.v1.overlayfs/metadata.db").write_bytes(b"")
    assert "containerd-snapshot-db-lost" in problems(box)
    assert box.doctor("guard").returncode == 10
