"""devicemapper pools: metadata compared with that of thin_restore, and whole data roots with layers in a pool."""

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from doctor.formats.storage.thin_metadata import BLOCK_BYTES, Metadata, Read, recovered, superblock
from doctor.host.data_root import DataRootHost
from doctor.host.recorded import RootHost
from doctor.model.errors import FormatError
from doctor.plugins.engines import engines
from doctor.salvage.results import SalvageOutcome
from doctor.salvage.salvaging import Wish, salvage
from tests.unit.salvage.roots import MadeRoot
from tests.unit.salvage.test_containers import CONTAINER, containers_of, full_copy
from tests.unit.salvage.test_salvage import made
from tests.unit.salvage.thin import into_pool, metadata

TREES = {1: {0: 100, 1: 101, 7: 300}, 2: {number: 5000 - 3 * number for number in range(600)}, 9: {}}


def reader(raw: bytes) -> tuple[Read, int]:
    """A block reader and the number of blocks."""
    return lambda number: raw[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES], len(raw) // BLOCK_BYTES


def mappings(found: Metadata) -> dict[int, dict[int, int]]:
    """Device → block → block of the pool."""
    return {
        device.id: {
            start + one: place + one for start, place, length in found.mappings(device) for one in range(length)
        }
        for device in found.devices().values()
    }


def parsed(raw: bytes) -> Metadata:
    read, _ = reader(raw)
    return Metadata(read)


def test_trees_of_one_and_several_nodes() -> None:
    """Every mapping comes out; the numbers of mapped blocks agree."""
    found = parsed(metadata(TREES))
    assert mappings(found) == TREES
    assert found.errors == []
    assert {one.id: one.mapped_blocks for one in found.devices().values()} == {1: 3, 2: 600, 9: 0}


@pytest.mark.skipif(not shutil.which("thin_restore"), reason="needs thin-provisioning-tools")
def test_what_thin_restore_wrote(tmp_path: Path) -> None:
    """The metadata that thin_restore of the kernel project wrote is the reference."""
    lines = [
        '<superblock uuid="" time="1" transaction="3" flags="0" version="2" data_block_size="128" nr_data_blocks="6000">'
    ]
    for number, mapped in TREES.items():
        lines.append(
            f'<device dev_id="{number}" mapped_blocks="{len(mapped)}" transaction="1" creation_time="0" snap_time="0">'
        )
        lines += [
            f'<single_mapping origin_block="{key}" data_block="{place}" time="0"/>' for key, place in mapped.items()
        ]
        lines.append("</device>")
    (tmp_path / "in.xml").write_text("\n".join([*lines, "</superblock>"]))
    with open(tmp_path / "meta", "wb") as stream:
        stream.truncate(4 << 20)
    subprocess.run(
        ["thin_restore", "-i", tmp_path / "in.xml", "-o", tmp_path / "meta"], check=True, capture_output=True
    )
    raw = (tmp_path / "meta").read_bytes()
    assert mappings(parsed(raw)) == TREES
    raw = bytes(BLOCK_BYTES) + raw[BLOCK_BYTES:]
    read, count = reader(raw)
    assert mappings(recovered(read, count, frozenset(TREES), 1 << 16)) == TREES


def test_a_lost_superblock_is_made_up_for_by_the_trees() -> None:
    """Of two generations the later one; without its list of devices no mapping is invented."""
    newer = metadata(TREES, transaction=8)
    count = len(newer) // BLOCK_BYTES
    older = metadata({1: {0: 100}, 2: {}, 9: {}}, transaction=5)
    read, blocks = reader(bytes(BLOCK_BYTES) + newer[BLOCK_BYTES:] + older)
    found = recovered(read, blocks, frozenset(TREES), 1 << 16)
    assert (mappings(found), found.top.transaction) == (TREES, 8)
    broken = bytearray(newer)
    for number in (0, count - 2):
        broken[number * BLOCK_BYTES + 200] ^= 1
    with pytest.raises(FormatError, match="no intact tree"):
        recovered(*reader(bytes(broken)), frozenset(TREES), 1 << 16)


def test_damage_is_reported_and_the_rest_is_read() -> None:
    """A wrong checksum, a node that names itself, a superblock of something else."""
    raw = bytearray(metadata(TREES))
    raw[2 * BLOCK_BYTES + 100] ^= 1
    found = parsed(bytes(raw))
    assert mappings(found)[1] == TREES[1]
    assert 0 < len(mappings(found)[2]) < 600
    assert found.errors == ["block 2: its checksum is wrong"]
    for bad in (b"", bytes(BLOCK_BYTES), raw[BLOCK_BYTES : 2 * BLOCK_BYTES]):
        with pytest.raises(FormatError):
            superblock(bytes(bad))


@given(st.integers(0, 8 * BLOCK_BYTES - 1), st.integers(0, 255), st.binary(max_size=64))
def test_no_damage_ends_but_in_an_error(position: int, byte: int, tail: bytes) -> None:
    """One byte anywhere, or garbage from there on: read, or refused in words."""
    whole = metadata({1: {0: 5, 3: 9}, 2: {4: 4}})
    raw = bytearray(whole.ljust(8 * BLOCK_BYTES, b"\0"))
    raw[position] = byte
    raw[position + 1 : position + 1 + len(tail)] = tail
    with suppress(FormatError):
        mappings(parsed(bytes(raw)))


def can_mount() -> str:
    """Why a data root in a pool can't be read here, "" if it can."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        return "needs root and e2fsprogs"
    script = "truncate -s 2M i; mkfs.ext4 -q i; mkdir m; mount -o loop i m"
    with tempfile.TemporaryDirectory() as top:
        done = subprocess.run(
            ["unshare", "-m", "sh", "-ec", script], cwd=top, capture_output=True, text=True, check=False
        )
    return "" if not done.returncode else f"no loop mounts here: {done.stderr.strip()}"


mounts = pytest.mark.skipif(bool(can_mount()), reason=can_mount() or "it can")


def done(root: MadeRoot, to: Path) -> SalvageOutcome:
    """Salvage everything in a separate process: it creates a mount namespace."""
    script = (
        "import sys; from msgspec import json; from doctor.host.recorded import RootHost;"
        "from doctor.salvage.salvaging import Wish, salvage;"
        "wish = Wish(to=sys.argv[2], volumes=True, containers=True);"
        "print(json.encode(salvage(RootHost(sys.argv[1]), wish, lambda text: print(text, file=sys.stderr))).decode())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, root.top, to],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert ran.returncode == 0, ran.stderr
    return json.decode(ran.stdout, type=SalvageOutcome)


@mounts
def test_images_out_of_a_pool(tmp_path: Path) -> None:
    """Blocks in any order, shared between devices: the layers have their digests; no mount, no copy and no file stays."""
    root, app, base, _ = made(tmp_path, "devicemapper")
    into_pool(root.data)
    before = {path: path.stat().st_mtime_ns for path in root.data.rglob("*")}
    outcome = done(root, tmp_path / "out")
    assert {image.id for image in outcome.images} == {app, base}, outcome.left
    assert (outcome.left, outcome.notes) == ((), ())
    assert {path: path.stat().st_mtime_ns for path in root.data.rglob("*")} == before
    assert not list((tmp_path / "out").glob(".part-*"))
    assert "doctor-salvage" not in Path("/proc/self/mountinfo").read_text()
    assert done(root, tmp_path / "out").bytes_written == 0


@mounts
def test_a_container_in_a_pool(tmp_path: Path) -> None:
    """Only differences from the base device are included; removed names are whiteouts."""
    root = MadeRoot(tmp_path / "host", "devicemapper")
    full_copy(root, "devicemapper", "devicemapper/mnt/{}/rootfs")
    into_pool(root.data)
    outcome = done(root, tmp_path / "out")
    (tree,) = outcome.trees
    with tarfile.open(tmp_path / "out" / tree.file) as tar:
        names = set(tar.getnames())
    assert {"etc/changed", "etc/deep/new", ".wh.removed", "gone/.wh.dir", "mode"} <= names
    assert not {"etc/same", "lost+found", "etc/deep/file"} & names
    assert done(root, tmp_path / "out").bytes_written == 0


@mounts
def test_the_holder_of_a_root_without_its_host_is_named(tmp_path: Path) -> None:
    """The data root alone, with its layers in a pool: its locks are at its top, not at the engine's usual path."""
    root, app, base, _ = made(tmp_path, "devicemapper")
    into_pool(root.data)
    database = root.data / "network/files/local-kv.db"
    database.parent.mkdir(parents=True)
    wish = Wish(to=str(tmp_path / "out"))
    with database.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        outcome = salvage(DataRootHost(str(root.data), engines()), wish, lambda _: None)
    assert {image.id for image in outcome.images} == {app, base}, outcome.left
    assert [note for note in outcome.notes if f"process {os.getpid()} " in note and "uses the data root" in note]


@mounts
def test_a_salvage_killed_with_a_device_mounted(tmp_path: Path) -> None:
    """Killed while a layer is read: no mount of the host's, and a second run writes the rest."""
    root = MadeRoot(tmp_path / "host", "devicemapper")
    lower, chain = root.layer(1, {"big": os.urandom(9 << 20)})
    upper, _ = root.layer(2, {"small": b"s"}, chain)
    app = root.image([lower, upper], "app:1")
    into_pool(root.data)
    out = tmp_path / "out"
    arguments = ["salvage", "--quiet", "--root", str(root.top), "--to", str(out)]
    running = subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments], cwd=Path(__file__).parents[3], stderr=subprocess.PIPE, text=True
    )
    assert running.wait(timeout=60) == -9
    assert running.stderr is not None
    assert "big" in running.stderr.read()
    running.stderr.close()
    assert str(tmp_path) not in subprocess.run(["losetup", "-a"], capture_output=True, text=True, check=True).stdout
    assert "doctor-salvage" not in Path("/proc/self/mountinfo").read_text()
    outcome = done(root, out)
    assert [image.id for image in outcome.images] == [app], outcome.left
    assert not list(out.rglob(".part-*"))


KILLED = """
import os, signal, sys
from doctor.cli.app import run
from doctor.salvage import layer
whole = layer.Assembly._content
def content(self, part):
    for number, piece in enumerate(whole(self, part)):
        if number == 2:
            print("in the middle of", part.name, file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        yield piece
layer.Assembly._content = content
run(sys.argv[1:])
"""


@mounts
def test_a_pool_without_its_superblock(tmp_path: Path) -> None:
    """The trees give the same mappings; a note records it, and the digests prove it."""
    root, app, base, _ = made(tmp_path, "devicemapper")
    into_pool(root.data)
    place = root.data / "devicemapper/devicemapper/metadata"
    place.write_bytes(bytes(BLOCK_BYTES) + place.read_bytes()[BLOCK_BYTES:])
    outcome = done(root, tmp_path / "out")
    assert {image.id for image in outcome.images} == {app, base}
    assert "read by its trees" in outcome.notes[0]


@mounts
def test_lost_blocks_of_a_pool_are_no_proof(tmp_path: Path) -> None:
    """A truncated data file: its content is salvaged, the rest is skipped with a note."""
    root, *_ = made(tmp_path, "devicemapper")
    into_pool(root.data)
    os.truncate(root.data / "devicemapper/devicemapper/data", 0)
    outcome = done(root, tmp_path / "out")
    assert outcome.images == ()
    assert len(outcome.left) == 2
    assert "neither an ext4 nor an xfs" in outcome.left[0].reason


def test_a_pool_that_is_not_there_is_reported(tmp_path: Path) -> None:
    """A logical volume of the old host: the message names the next step; devices mounted by hand are read."""
    root, app, base, _ = made(tmp_path, "devicemapper")
    containers_of(root, "devicemapper", identity=CONTAINER)
    wish = Wish(to=str(tmp_path / "out"))
    mounted = salvage(RootHost(str(root.top)), wish, lambda _: None)
    assert {app, base} <= {image.id for image in mounted.images}
    shutil.rmtree(root.data / "devicemapper/mnt")
    outcome = salvage(RootHost(str(root.top)), Wish(to=str(tmp_path / "other")), lambda _: None)
    assert outcome.images == ()
    assert "mount each device read-only" in outcome.left[0].reason
    assert outcome.exit_code == 1
