"""The containerd image store: where its parts stand beneath its directory, and what a test does to them."""

import json
import os
import shutil
from pathlib import Path

from tests.hosts import damage, places
from tests.hosts.box import Box

SETTINGS = json.dumps({"features": {"containerd-snapshotter": True}})
META = "io.containerd.metadata.v1.bolt/meta.db"
SNAPSHOTTER = "io.containerd.snapshotter.v1.overlayfs/metadata.db"
BLOBS = "io.containerd.content.v1.content/blobs/sha256"
ALTERED = {"containerd-snapshot-missing", "containerd-snapshot-altered", "containerd-blob-corrupt"}
"""The findings of a deep scan after `tear`."""
SNAPSHOTS = "io.containerd.snapshotter.v1.overlayfs/snapshots"


def use(box: Box) -> None:
    """Let the dockerd of a box keep its images there."""
    box.write("/etc/docker/daemon.json", SETTINGS)


def of_engine(box: Box) -> Path:
    """The directory of the containerd that a dockerd starts for itself, from outside."""
    return box.data_root / "containerd/daemon"


def names(top: Path) -> tuple[set[str], set[str]]:
    """Names of the contents and of the snapshots."""
    return set(os.listdir(top / BLOBS)), set(os.listdir(top / SNAPSHOTS))


def parts(top: Path) -> tuple[dict[str, places.Entry], dict[str, places.Entry]]:
    """Every entry of the snapshots and of the contents."""
    return places.entries(top / SNAPSHOTS), places.entries(top / BLOBS)


def layer_with(top: Path, name: str) -> Path:
    """The ``fs`` of the newest snapshot that has an entry of this name: older ones are BuildKit's own."""
    places = sorted((top / SNAPSHOTS).iterdir(), key=lambda path: int(path.name), reverse=True)
    return next(path / "fs" for path in places if os.path.lexists(path / "fs" / name))


def manifest(top: Path) -> Path:
    """The manifest of the image with one layer: nothing else has it."""
    for path in (top / BLOBS).iterdir():
        if path.stat().st_size < 600 and b'"layers"' in path.read_bytes() and b"in-toto" not in path.read_bytes():
            return path
    raise AssertionError("no manifest of one layer")


def tear(top: Path) -> None:
    """A flipped bit, tampered and planted files, a lost link, whiteout and owner, and two lost directories."""
    damage.flip(manifest(top), 100)
    base = layer_with(top, "opt/raw")
    (base / "etc/passwd").write_bytes(b"root::0:0::/:/bin/sh\n")
    (base / "planted").write_bytes(b"x")
    (base / "bin/sh").unlink()
    os.chown(base / "opt/raw", 7, 7)
    whiteout = next(path for path in (top / SNAPSHOTS).glob("*/fs/t/one") if path.is_char_device())
    whiteout.unlink()
    shutil.rmtree(layer_with(top, "bk/same").parents[0])
    shutil.rmtree(layer_with(top, "com"))


def collect_garbage(box: Box) -> None:
    """Removing a name makes containerd look for what nobody needs."""
    box.docker("tag", "bb:1", "gone:1")
    box.docker("rmi", "gone:1")
    box.run(["sleep", "1"])
