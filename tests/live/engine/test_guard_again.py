"""A guard that looks again: what it remembers of a real look covers the data root, and hides no danger that came since."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.dataroot import DataRoot, Size, generate
from tests.hosts.box import Box, why_not

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.timeout(120)]

SIZE = Size(images=3, layers=9, containers=4, volumes=3, networks=1)
UNREAD = re.compile(
    r"/(?:containerd|swarm|tmp|runtimes|plugins|volumes/backingFsBlockDev|image/overlay2/distribution)"
    r"|/overlay2/[^/]+/(?:diff|work|committed)"
    r"|/volumes/[^/]+/_data"
    r"|/containers/[^/]+/(?:checkpoints|mounts|resolv.conf.hash|.*log\.\d+)"
)
"""Files that no check of the data root reads without ``--deep``: their directory shows whether they exist."""
LEADS = ("/network", "/image/overlay2/imagedb", "/image/overlay2/imagedb/metadata")
"""Directories that only lead to others: what is in them is looked at by its own path."""


@pytest.fixture(scope="module")
def written() -> Iterator[tuple[Box, DataRoot]]:
    """A box with a data root and no engine on it."""
    with Box() as box:
        root = generate(box.workdir / "docker", SIZE, seed=11)
        yield box, root


def settle(box: Box) -> bytes:
    """Look until the guard has nothing to look at again; return what it remembers."""
    before = ""
    for _ in range(6):
        done = box.doctor("guard")
        assert (done.returncode, done.stderr) == (0, "")
        kept = box.run(["cat", "/var/lib/doctor/guard.seen"], check=False)
        # A look that reads anything writes another time and other numbers.
        if before and kept.stdout == before:
            return kept.stdout.encode("utf-8", "surrogateescape")
        before = kept.stdout
        time.sleep(1.1)
    raise AssertionError("nothing is remembered")


def let_rm(root: Path) -> Callable[[], object]:
    """One container's ``--rm``, written in place: size, inode and time of writing stay."""
    path = next((root / "containers").glob("*/hostconfig.json"))
    before, raw = path.stat(), path.read_bytes()
    assert raw.count(b'"AutoRemove":false') == 1
    path.write_bytes(raw.replace(b'"AutoRemove":false', b'"AutoRemove":true '))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    return lambda: path.write_bytes(raw)


def lose_volume(root: Path) -> Callable[[], object]:
    """A volume's directory."""
    path = next(path for path in sorted((root / "volumes").iterdir()) if path.is_dir())
    away = root.parent / "away"
    path.rename(away)
    return lambda: away.rename(path)


def lose_list(root: Path) -> Callable[[], object]:
    """Contents of containerd without a list of them."""
    top = root / "containerd/daemon"
    (top / f"io.containerd.content.v1.content/blobs/sha256/{'0' * 64}").mkdir(parents=True)
    return lambda: shutil.rmtree(top)


def share_layer(root: Path) -> Callable[[], object]:
    """A half-removed record of a layer that lives."""
    record = next((root / "image/overlay2/layerdb/sha256").iterdir())
    twin = record.with_name(f"{record.name}-1-removing")
    shutil.copytree(record, twin)
    return lambda: shutil.rmtree(twin)


DANGERS = {
    "was run with --rm": let_rm,
    "its data is not reachable": lose_volume,
    "database lists no image": lose_list,
    "half-removed record": share_layer,
}


@pytest.mark.parametrize("said", DANGERS)
def test_a_danger_that_came_since_is_seen(written: tuple[Box, DataRoot], said: str) -> None:
    """However often the guard has found nothing: the next look finds it, and so does the one after."""
    box, root = written
    settle(box)
    assert box.doctor("guard").returncode == 0
    undo = DANGERS[said](root.path)
    try:
        for _ in range(2):
            done = box.doctor("guard")
            assert said in done.stderr
            assert done.returncode == (0 if "a copy is in" in done.stderr else 10)
    finally:
        undo()


def test_all_that_is_judged_is_remembered(written: tuple[Box, DataRoot]) -> None:
    """Each name of the data root but the contents of layers and volumes: a change of it ends the belief."""
    box, root = written
    body = settle(box).partition(b"\n")[2]
    remembered = {os.fsdecode(path) for path in body.split(b"\0")}
    left = []
    for directory, names, files in os.walk(root.path):
        within = directory.removeprefix(str(root.path))
        names[:] = [name for name in names if not UNREAD.fullmatch(f"{within}/{name}")]
        paths = [f"{within}/{name}" for name in (*names, *files)]
        unseen = [path for path in paths if f"/var/lib/docker{path}" not in remembered]
        left += [path for path in unseen if path not in LEADS and not UNREAD.fullmatch(path)]
    assert left == []
    assert "/var/lib/docker/network/files/local-kv.db" in remembered
