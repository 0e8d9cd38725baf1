"""Faults of the data root: its metadata as crashes, full disks, bad memory and half-done restores leave it.

Each family of files is combined with each kind of damage: `state/repositories-nul`, `state/layer-diff-empty`, … The
families are those of the overlay2 image store of Docker 20 to 28 (moby: image/fs.go, layer/filestore.go,
daemon/graphdriver/overlay2, daemon/container.go).
"""

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from tests.hosts.box import Box
from tests.hosts.fault import fault

_HEX = "[0-9a-f]" * 8 + "*"
FAMILIES = {
    "repositories": "image/overlay2/repositories.json",
    "image-content": f"image/overlay2/imagedb/content/sha256/{_HEX}",
    "image-parent": "image/overlay2/imagedb/metadata/sha256/*/parent",
    "layer-diff": f"image/overlay2/layerdb/sha256/{_HEX}/diff",
    "layer-size": f"image/overlay2/layerdb/sha256/{_HEX}/size",
    "layer-cache-id": f"image/overlay2/layerdb/sha256/{_HEX}/cache-id",
    "layer-parent": f"image/overlay2/layerdb/sha256/{_HEX}/parent",
    "tar-split": f"image/overlay2/layerdb/sha256/{_HEX}/tar-split.json.gz",
    "mount-id": "image/overlay2/layerdb/mounts/*/mount-id",
    "mount-init-id": "image/overlay2/layerdb/mounts/*/init-id",
    "mount-parent": "image/overlay2/layerdb/mounts/*/parent",
    "overlay2-link": "overlay2/*/link",
    "overlay2-lower": "overlay2/*/lower",
    "container-config": "containers/*/config.v2.json",
    "hostconfig": "containers/*/hostconfig.json",
    "container-log": "containers/*/*-json.log",
    "network-db": "network/files/local-kv.db",
    "volume-db": "volumes/metadata.db",
    "volume-opts": "volumes/*/opts.json",
    "buildkit-db": "buildkit/*.db",
    "containerd-db": "containerd/daemon/*/meta.db",
    "engine-id": "engine-id",
}
"""Family → where its files stand beneath /var/lib/docker."""


def files(box: Box, family: str) -> list[Path]:
    """The files of a family that hold anything, sorted."""
    return sorted(path for path in box.data_root.glob(FAMILIES[family]) if path.is_file() and path.stat().st_size)


def _empty(path: Path, random: Random) -> str:
    os.truncate(path, 0)
    return "emptied"


def _torn(path: Path, random: Random) -> str:
    whole = path.stat().st_size
    # Of a single byte nothing is left.
    size = min(random.randrange(1, max(2, whole)), whole - 1)
    os.truncate(path, size)
    return f"cut to {size} bytes"


def _nul(path: Path, random: Random) -> str:
    size = path.stat().st_size
    path.write_bytes(bytes(size))
    return f"{size} NUL bytes"


def _half_nul(path: Path, random: Random) -> str:
    """Size and beginning reached the disk, the last blocks did not (ext4 and xfs after a power loss)."""
    data = path.read_bytes()
    # A file that ends in NULs (compressed emptiness) differs only if more than those is lost.
    keep = random.randrange(max(1, len(data.rstrip(b"\0"))))
    path.write_bytes(data[:keep] + bytes(len(data) - keep))
    return f"NUL from byte {keep} on"


def _garbage(path: Path, random: Random) -> str:
    path.write_bytes(random.randbytes(path.stat().st_size))
    return "filled with garbage"


def _flipped(path: Path, random: Random) -> str:
    data = bytearray(path.read_bytes())
    bit = random.randrange(len(data) * 8)
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    return f"bit {bit} flipped"


def _missing(path: Path, random: Random) -> str:
    path.unlink()
    return "removed"


DAMAGES: dict[str, Callable[[Path, Random], str]] = {
    "empty": _empty,
    "torn": _torn,
    "nul": _nul,
    "half-nul": _half_nul,
    "garbage": _garbage,
    "flipped": _flipped,
    "missing": _missing,
}


def _damage(box: Box, random: Random, *, family: str, how: str) -> str:
    found = files(box, family)
    if not found:
        raise FileNotFoundError(f"this data root has no file {FAMILIES[family]}")
    path = random.choice(found)
    return f"{path.relative_to(box.data_root)}: {DAMAGES[how](path, random)}"


for _family in FAMILIES:
    for _how in DAMAGES:
        fault(f"state/{_family}-{_how}")(partial(_damage, family=_family, how=_how))


@fault("state/torn-by-crash")
def torn_by_crash(box: Box, random: Random) -> str:
    """Damage files like a power loss during a write: three different families, each empty, truncated or NUL."""
    chosen = random.sample([family for family in FAMILIES if files(box, family)], 3)
    return "; ".join(_damage(box, random, family=f, how=random.choice(["empty", "torn", "nul"])) for f in chosen)


@fault("state/overlay2-links-gone")
def links_gone(box: Box, random: Random) -> str:
    """The directory of short links is lost: mounts fail with `overlay2/l/X: no such file or directory`."""
    shutil.rmtree(box.data_root / "overlay2/l")
    return "overlay2/l removed"


@fault("state/overlay2-link-wrong-target")
def link_wrong_target(box: Box, random: Random) -> str:
    """One short link leads to another layer: containers start with that layer's files."""
    one, other = random.sample(sorted((box.data_root / "overlay2/l").iterdir()), 2)
    target = os.readlink(other)
    one.unlink()
    one.symlink_to(target)
    return f"overlay2/l/{one.name} -> {target}"


@fault("state/overlay2-work-gone")
def work_gone(box: Box, random: Random) -> str:
    """A container's `work` is lost: it can't be mounted."""
    found = sorted(mount.read_text() for mount in files(box, "mount-id"))
    name = random.choice(found)
    shutil.rmtree(box.data_root / f"overlay2/{name}/work")
    return f"overlay2/{name}/work removed"


@fault("state/container-lower-gone")
def container_lower_gone(box: Box, random: Random) -> str:
    """A container's list of lower layers is lost: it would start from an empty root."""
    name = random.choice(sorted(mount.read_text() for mount in files(box, "mount-id")))
    (box.data_root / f"overlay2/{name}/lower").unlink()
    return f"overlay2/{name}/lower removed"


@fault("state/layer-hollow")
def layer_hollow(box: Box, random: Random) -> str:
    """An interrupted pull's empty layer directory: later pulls of that layer fail with `file exists`."""
    name = random.randbytes(32).hex()
    (box.data_root / f"image/overlay2/layerdb/sha256/{name}").mkdir()
    return f"layerdb/sha256/{name} made, empty"


@fault("state/layer-removing-shared")
def layer_removing_shared(box: Box, random: Random) -> str:
    """A half-removed entry that shares a live layer's directory: the next clean stop of dockerd deletes that layer."""
    path = random.choice(files(box, "layer-cache-id")).parent
    shutil.copytree(path, path.with_name(f"{path.name}-1234567-removing"))
    return f"{path.name}-1234567-removing made"


@fault("state/layer-tmp-leftover")
def layer_tmp_leftover(box: Box, random: Random) -> str:
    """A write set that no pull finished."""
    path = box.data_root / f"image/overlay2/layerdb/tmp/write-set-{random.randrange(10**9)}"
    path.mkdir(parents=True)
    (path / "diff").write_text("sha256:" + "0" * 64)
    return f"layerdb/tmp/{path.name} made"


@fault("state/pidfile-foreign")
def pidfile_foreign(box: Box, random: Random) -> str:
    """The pid file survived and names a process that isn't dockerd: dockerd refuses to start."""
    pid = box.start(["sleep", "3600"])
    box.write("/run/docker.pid", str(pid))
    return f"/run/docker.pid names {pid}, a sleep"


@fault("state/socket-directory")
def socket_directory(box: Box, random: Random) -> str:
    """A container with `-v /var/run/docker.sock:…` started before dockerd made a directory of the socket's name."""
    box.path("/run/docker.sock").unlink(missing_ok=True)
    box.path("/run/docker.sock").mkdir()
    return "/run/docker.sock is a directory"


@fault("state/drivers-several")
def drivers_several(box: Box, random: Random) -> str:
    """Another driver was used for a while: `contains several valid graphdrivers`."""
    path = box.data_root / f"btrfs/subvolumes/{random.randbytes(32).hex()}"
    path.mkdir(parents=True)
    (path / "file").write_text("left by btrfs\n")
    return f"btrfs/subvolumes/{path.name} made"
