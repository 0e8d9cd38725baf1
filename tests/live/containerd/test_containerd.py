"""The containerd image store of a real dockerd: corrupt, repaired, judged by dockerd, and undone."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hosts import archive, damage, judge
from tests.hosts.box import Box
from tests.hosts.patient import populate
from tests.hosts.places import Entry
from tests.live.containerd import containerd_kit as store
from tests.live.containerd.containerd_kit import BLOBS, META, SNAPSHOTTER, collect_garbage, parts
from tests.live.repair import repair_kit as kit
from tests.live.state.state_kit import problems, revive

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

Fault = Callable[[Path], None]


@pytest.fixture(scope="module")
def torn_root(can_box: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tar of a data root with the patient in the containerd store, as a power loss left it."""
    target = tmp_path_factory.mktemp("containerd") / "root.tar"
    with Box() as box:
        store.use(box)
        box.start_dockerd()
        populate(box)
        box.power_loss()
        archive.pack(box.data_root, target)
    return target


@pytest.fixture(scope="module")
def healthy(torn_root: Path) -> judge.Opinion:
    """The verdict of dockerd on it after a power loss and nothing else."""
    with Box(data_root=torn_root) as box:
        store.use(box)
        box.start_dockerd()
        return judge.opinion(box)


@pytest.fixture
def dead_box(torn_root: Path) -> Iterator[Box]:
    """A box with that root: no dockerd has run since."""
    with Box(data_root=torn_root) as box:
        store.use(box)
        yield box


def test_damage_is_repaired_and_restored_by_undo(dead_box: Box, healthy: judge.Opinion) -> None:
    """A healthy store has no finding; each fault is named; undo brings the faults back; repaired, dockerd sees all as before."""
    box = dead_box
    top = store.of_engine(box)
    assert problems(box, "--deep") == set()
    before = parts(top)
    store.tear(top)
    torn = parts(top)
    assert problems(box) == {"containerd-snapshot-missing"}
    assert problems(box, "--deep") == store.ALTERED
    box.doctor("fix", "state", "--deep", "--apply", "--yes", "--allow", "disruptive")
    restored = parts(top)
    assert without_work(restored[0]) == without_work(before[0])
    assert restored[1] == before[1]
    kit.undo(box)
    assert parts(top) == torn
    revive(box, "--deep", codes={0})
    assert problems(box, "--deep") == set()
    assert judge.differences(healthy, judge.opinion(box)) == []


def without_work(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Leave out what the kernel works in while a snapshot is mounted."""
    return {name: entry for name, entry in entries.items() if not name.endswith("/work")}


@pytest.mark.parametrize(
    ("faults", "is_kept", "ids"),
    [
        ({META: damage.zero_roots}, False, {"containerd-db-corrupt"}),
        ({SNAPSHOTTER: damage.zero_roots}, False, {"containerd-snapshot-db-corrupt"}),
        (
            {META: damage.empty, SNAPSHOTTER: Path.unlink},
            True,
            {"containerd-store-db-lost", "containerd-snapshot-db-lost"},
        ),
        ({META: damage.garble}, True, {"containerd-db-corrupt"}),
    ],
    ids=["roots of meta.db", "roots of metadata.db", "both lost, kept", "garbage, kept"],
)
def test_lost_lists_are_made_again(
    dead_box: Box, healthy: judge.Opinion, faults: dict[str, Fault], is_kept: bool, ids: set[str]
) -> None:
    """Dockerd has everything, names too, and its clean-up deletes nothing."""
    box = dead_box
    top = store.of_engine(box)
    if is_kept:
        box.doctor("scan")
    for name, fault in faults.items():
        fault(top / name)
    assert problems(box) == ids
    contents = set(os.listdir(top / BLOBS))
    revive(box, codes={0})
    assert judge.differences(healthy, judge.opinion(box)) == []
    collect_garbage(box)
    assert set(os.listdir(top / BLOBS)) == contents
    assert problems(box) == set()


def test_an_older_list_gets_what_was_made_since(dead_box: Box) -> None:
    """A day-old meta.db is put back: what is newer is listed again before a start, and a clean-up deletes nothing of it."""
    box = dead_box
    top = store.of_engine(box)
    older = (top / META).read_bytes()
    box.start_dockerd()
    box.docker("run", "--name", "late", "--network", "none", "app:latest", "sh", "-c", "echo late >/marker")
    box.docker("commit", "late", "fresh:1")
    box.docker("run", "--name", "later", "--network", "none", "fresh:1", "sh", "-c", "echo later >/marker")
    before = judge.images(box)
    box.power_loss()
    (top / META).write_bytes(older)
    assert problems(box) == {"containerd-db-rolled-back"}
    assert box.doctor("guard").returncode == 10
    revive(box, codes={0})
    listed = store.names(top)
    collect_garbage(box)
    assert store.names(top) == listed
    assert judge.images(box) == before
    assert {"late": "late", "later": "later", "job": "job"}.items() <= judge.markers(box).items()
    assert problems(box) == set()
    # An undo gives back the day-old list: it names the image that came since the repair, and leaves it.
    box.docker("tag", "fresh:1", "since:1")
    refused = kit.undo(box, code=5)
    assert "image since:1" in refused.stderr
    assert "fresh:1" not in refused.stderr
    assert "since:1" in box.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()


def test_a_list_without_any_copy_is_made_of_what_is_there(dead_box: Box, healthy: judge.Opinion) -> None:
    """Only names that no container has are lost; every image, container and file is kept through a clean-up and a restart."""
    box = dead_box
    top = store.of_engine(box)
    (top / META).unlink()
    assert problems(box) == {"containerd-store-db-lost"}
    listed = store.names(top)
    revive(box, codes={0})
    collect_garbage(box)
    assert store.names(top) == listed
    box.stop_dockerd()
    box.start_dockerd()
    after = judge.opinion(box)
    assert after.images == {name: healthy.images[name] for name in ("app:latest", "bb:1", "com:1")}
    lost = {f"{part}[{name}]" for part in ("images", "contents", "saves") for name in ("bk:1", "leg:1")}
    told = {line.partition(":1]")[0] + ":1]" for line in judge.differences(healthy, after) if "untagged" not in line}
    assert told == lost
    assert healthy.images["bk:1"][7:19] in box.docker("images", "-a", "--format", "{{.ID}}")
