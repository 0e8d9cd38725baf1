"""Which data root this is: the weight of traits, on real directories and as a pure function."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.collect.backup.root_identity import RootComparer, likeness, root_identity
from doctor.facts.engine.data_root import DataRoot
from doctor.host.recorded import RootHost
from doctor.model.root_identity import SKETCH, RootIdentity, compare, sketch
from doctor.scan.resolve import Facts

ID_ONE = "79df9557-7c01-4da0-a66a-c0267b6472c6"
ID_TWO = "0a1b2c3d-7c01-4da0-a66a-c0267b6472c6"
_random = random.Random(6)


def name() -> str:
    return f"{_random.getrandbits(256):064x}"


NAMES = sorted(name() for _ in range(40))
ONE = RootIdentity(
    path="/var/lib/docker",
    when=1000.0,
    engine_id=ID_ONE,
    file_system="ef53:1",
    places={".": (2, 5), "image": (12, 100), "containers": (13, 110), "overlay2": (14, 120)},
    names=sketch({one[:12] for one in NAMES}),
    volumes=("aaaa", "bbbb"),
)
OTHER = RootIdentity(
    path="/var/lib/docker",
    when=2000.0,
    engine_id=ID_TWO,
    file_system="ef53:2",
    # A fresh file system hands out the same inodes, at another moment.
    places={".": (2, 7), "image": (12, 300), "containers": (13, 310), "overlay2": (14, 320)},
    names=sketch({name()[:12] for _ in range(30)}),
    volumes=("aaaa",),
)
COPY_PLACES = {".": (2, 7), "image": (12, 2_000_000_000_000), "containers": (90, 2_000_000_000_001)}


@pytest.mark.parametrize(
    "here",
    [
        pytest.param(replace(ONE, engine_id=ID_ONE.replace("7", "6", 1)), id="a flipped bit in engine-id"),
        pytest.param(replace(ONE, engine_id=""), id="engine-id gone or garbage"),
        pytest.param(replace(ONE, engine_id=ID_TWO), id="dockerd made a new engine-id"),
        pytest.param(replace(ONE, path="/mnt/disk"), id="the same disk at another mount point"),
        pytest.param(replace(ONE, path="/mnt/disk", engine_id=""), id="another mount point, no engine-id"),
        pytest.param(replace(ONE, names=(), engine_id=""), id="layers and containers lost, engine-id too"),
        pytest.param(replace(ONE, file_system="ef53:9", places=COPY_PLACES), id="rsync to another disk"),
        pytest.param(
            replace(ONE, file_system="58465342:9", places=COPY_PLACES, engine_id=""), id="rsync without engine-id"
        ),
        pytest.param(replace(ONE, names=sketch({one[:12] for one in NAMES[:8]} | {name()[:12]})), id="churn"),
        pytest.param(replace(ONE, file_system="", places={}), id="a file system that says nothing"),
    ],
)
def test_it_is_the_same_root(here: RootIdentity) -> None:
    """No single trait that is damaged, gone or changed makes another root of it."""
    assert compare(ONE, here).is_same, compare(ONE, here).in_words


@pytest.mark.parametrize(
    "here",
    [
        pytest.param(OTHER, id="another disk at the same path"),
        pytest.param(replace(OTHER, engine_id=""), id="another disk, no engine-id"),
        pytest.param(replace(OTHER, file_system="ef53:1"), id="another directory on the same file system"),
        pytest.param(replace(OTHER, engine_id="", names=()), id="an empty root at the same path"),
        pytest.param(replace(OTHER, file_system="", places={}), id="a file system that says nothing"),
        pytest.param(replace(OTHER, engine_id=ID_ONE), id="a new root under a copied engine-id"),
        pytest.param(RootIdentity(path="/var/lib/docker"), id="nothing is known but the path"),
        pytest.param(
            replace(
                ONE, names=sketch({one[:12] for one in NAMES[:9]} | {name()[:12] for _ in range(20)}), unknown_elders=20
            ),
            id="a clone that went its own way",
        ),
        pytest.param(
            replace(ONE, file_system="ef53:9", places={".": (9, 1), "image": (9, 500), "containers": (9, 600)}),
            id="a copy that was there already when the record was made",
        ),
    ],
)
def test_it_is_another_root(here: RootIdentity) -> None:
    """A backup of one root never serves another, whatever single trait they share."""
    assert not compare(ONE, here).is_same, compare(ONE, here).in_words


def test_a_clone_is_the_same_until_it_has_elders_of_its_own() -> None:
    """Everything equal, new containers since: the same. Containers older than the record that it lacks: another."""
    grown = replace(ONE, names=sketch({one[:12] for one in NAMES} | {name()[:12] for _ in range(20)}))
    assert compare(ONE, grown).is_same
    assert not compare(ONE, replace(grown, unknown_elders=20)).is_same


def test_sketches_of_large_roots_compare() -> None:
    """Of 5,000 names each, half of them shared, enough smallest ones are in common; of strangers none is."""
    both = {name()[:12] for _ in range(2500)}
    one, two = (sketch(both | {name()[:12] for _ in range(2500)}) for _ in range(2))
    assert len(one) == len(two) == SKETCH
    bare = RootIdentity(path="/a", names=one)
    found = compare(bare, RootIdentity(path="/b", names=two))
    assert [trait.name for trait in found.traits] in ([["names"], ["some names"]])
    found = compare(bare, RootIdentity(path="/b", names=sketch({name()[:12] for _ in range(5000)})))
    assert [(trait.name, trait.agrees) for trait in found.traits] == [("names", False)]


def test_each_record_agrees_with_itself_most() -> None:
    """No change to a record raises its likeness."""
    best = compare(ONE, ONE).weight
    for other in (OTHER, replace(ONE, path="/x"), replace(ONE, names=()), replace(ONE, places={})):
        assert compare(ONE, other).weight < best


def make(top: Path, identity: str = ID_ONE) -> Path:
    """A root with random names, as an engine makes it."""
    docker = top / "var/lib/docker"
    for parent in ("overlay2", "containers"):
        for _ in range(6):
            (docker / parent / name()).mkdir(parents=True)
    (docker / "volumes/data").mkdir(parents=True)
    (docker / "image/overlay2").mkdir(parents=True)
    (docker / "engine-id").write_text(identity)
    return docker


def opened(top: Path) -> tuple[RootHost, DataRoot]:
    host = RootHost(str(top))
    return host, Facts(host).get(DataRoot)


def test_of_directories_on_disk(tmp_path: Path) -> None:
    """The same directory under another name, a copy, and another root in its place."""
    one = tmp_path / "one"
    docker = make(one)
    recorded = root_identity(*opened(one))
    assert recorded.engine_id == ID_ONE
    assert len(recorded.names) == len(("overlay2", "containers")) * 6
    assert recorded.file_system
    assert all(inode and born for inode, born in recorded.places.values())
    (docker / "engine-id").unlink()
    assert likeness(*opened(one), recorded).is_same
    shutil.copytree(docker, tmp_path / "copy/var/lib/docker", symlinks=True)
    assert likeness(*opened(tmp_path / "copy"), recorded).is_same
    docker.rename(tmp_path / "moved")
    make(one, ID_TWO)
    assert not likeness(*opened(one), recorded).is_same


def test_elders_are_seen_on_disk(tmp_path: Path) -> None:
    """Names newer than the record do not make another root; older names missing in it do."""
    docker = make(tmp_path)
    recorded = root_identity(*opened(tmp_path))
    for _ in range(12):
        (docker / "overlay2" / name()).mkdir()
    assert likeness(*opened(tmp_path), recorded).is_same
    later = replace(recorded, when=os.stat(docker / "overlay2").st_mtime + 60)
    comparer = RootComparer(*opened(tmp_path))
    assert comparer.likeness(later).is_same, "a record of the future says nothing of what is older"
    comparer.here = replace(comparer.here, when=later.when + 1)
    assert not comparer.likeness(later).is_same


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mkfs.ext4"), reason="mounts a file system")
def test_another_disk_at_the_same_path(tmp_path: Path) -> None:
    """Two fresh file systems with the same inodes: the second one does not match, the first one elsewhere does."""
    places = []
    for number in range(2):
        image = tmp_path / f"{number}.img"
        image.touch()
        os.truncate(image, 8 << 20)
        seed = tmp_path / f"seed{number}"
        make(seed, ID_ONE if number == 0 else ID_TWO)
        subprocess.run(["mkfs.ext4", "-q", "-d", str(seed / "var/lib/docker"), str(image)], check=True)
        places.append(image)
    top = tmp_path / "host"
    docker = top / "var/lib/docker"
    docker.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "var/lib/docker").mkdir(parents=True)
    try:
        subprocess.run(["mount", "-o", "loop", str(places[0]), str(docker)], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        pytest.skip("no loop devices")
    try:
        recorded = root_identity(*opened(top))
        subprocess.run(["umount", str(docker)], check=True)
        subprocess.run(["mount", "-o", "loop", str(places[1]), str(docker)], check=True)
        assert not likeness(*opened(top), recorded).is_same
        subprocess.run(["umount", str(docker)], check=True)
        subprocess.run(["mount", "-o", "loop", str(places[0]), str(elsewhere / "var/lib/docker")], check=True)
        (elsewhere / "var/lib/docker/engine-id").unlink()
        assert likeness(*opened(elsewhere), recorded).is_same
    finally:
        for path in (docker, elsewhere / "var/lib/docker"):
            subprocess.run(["umount", str(path)], check=False, capture_output=True)
