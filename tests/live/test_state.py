"""State torn by a power loss: found, repaired offline, taken back to the byte, and a real dockerd sees all of it again."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doctor.formats.bolt import read as read_bolt
from tests.hosts import judge
from tests.hosts.box import INIT_SCRIPT, Box
from tests.hosts.patient import patient

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STORE = "image/overlay2"
NETWORK = "network/files/local-kv.db"
VOLUMES = "volumes/metadata.db"


@pytest.fixture(scope="module")
def healthy(can_box: None) -> judge.Opinion:
    """What dockerd says of the patient after a power loss and nothing else."""
    with Box(data_root=patient()) as box:
        box.start_dockerd()
        return judge.opinion(box)


@pytest.fixture
def dead_box(can_box: None) -> Iterator[Box]:
    """A box with the patient as a power loss left it: no dockerd has run since."""
    with Box(data_root=patient()) as made:
        made.write("/etc/init.d/docker", INIT_SCRIPT, mode=0o755)
        yield made


def root(box: Box) -> Path:
    """The data root, from outside."""
    return box.workdir / "docker"


def ids(box: Box) -> set[str]:
    """Ids of what a scan of the state finds, but for what is only worth knowing."""
    found = json.loads(box.doctor("scan", "--select", "state", "--format", "json").stdout)["findings"]
    return {finding["id"] for finding in found if finding["severity"] != "info"}


def metadata(box: Box) -> dict[str, tuple[int, int, object]]:
    """Every file of the data root by name: mode, owner, and content or link target; layer content and volumes too."""
    top, seen = root(box), {}
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        if name.startswith(".doctor-quarantine"):
            continue
        found = path.lstat()
        content: object = None
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        seen[name] = (found.st_mode, found.st_uid, content)
    return seen


def garbage(size: int) -> bytes:
    """Bytes without structure, the same each time."""
    return bytes((number * number * 7919 + number) >> 3 & 0xFF for number in range(size))


def overwrite_freelist(path: Path) -> None:
    """The page of free pages gets another page's type, as a torn write leaves it."""
    data = bytearray(path.read_bytes())
    for generation in read_bolt(bytes(data)).generations:
        start = generation.meta.freelist * generation.meta.page_size
        data[start + 8 : start + 10] = b"\x02\x00"
    path.write_bytes(data)


def no_tags(top: Path) -> None:
    (top / STORE / "repositories.json").write_bytes(b"")


def no_layerdb(top: Path) -> None:
    for record in (top / STORE / "layerdb/sha256").iterdir():
        for name in ("diff", "size", "cache-id", "parent"):
            if (record / name).exists():
                (record / name).write_bytes(b"")


def no_links(top: Path) -> None:
    shutil.rmtree(top / "overlay2/l")
    for link in top.glob("overlay2/*/link"):
        link.write_bytes(b"")


def no_link_directory(top: Path) -> None:
    shutil.rmtree(top / "overlay2/l")


def garbage_networks(top: Path) -> None:
    (top / NETWORK).write_bytes(garbage((top / NETWORK).stat().st_size))


def torn_networks(top: Path) -> None:
    data = bytearray((top / NETWORK).read_bytes())
    newest = read_bolt(bytes(data)).generations[0].meta
    data[newest.root * newest.page_size : (newest.root + 1) * newest.page_size] = bytes(newest.page_size)
    (top / NETWORK).write_bytes(data)


def no_networks(top: Path) -> None:
    (top / NETWORK).unlink()


def volume_freelist(top: Path) -> None:
    overwrite_freelist(top / VOLUMES)


def empty_options(top: Path) -> None:
    (top / "volumes/scratch/opts.json").write_bytes(b"")


def garbage_build_cache(top: Path) -> None:
    (top / "buildkit/cache.db").write_bytes(garbage(20_000))


def garbage_containerd(top: Path) -> None:
    path = next(top.glob("containerd/daemon/*/meta.db"))
    path.write_bytes(garbage(path.stat().st_size))


def no_mount_record(top: Path) -> None:
    for record in (top / STORE / "layerdb/mounts").iterdir():
        config = json.loads((top / "containers" / record.name / "config.v2.json").read_text())
        if config["Name"] == "/made":
            shutil.rmtree(record)


def no_init_layer(top: Path) -> None:
    for record in (top / STORE / "layerdb/mounts").iterdir():
        shutil.rmtree(top / "overlay2" / (record / "init-id").read_text())


def short_lowers(top: Path) -> None:
    for lower in top.glob("overlay2/*/lower"):
        lower.write_text(lower.read_text().partition(":")[0])


def nul_logs(top: Path) -> None:
    for log in top.glob("containers/*/*-json.log"):
        log.write_bytes(log.read_bytes() + bytes(300))


FAULTS: list[tuple[Callable[[Path], None], set[str]]] = [
    (no_tags, {"repositories-json-corrupt"}),
    (no_layerdb, {"layer-metadata-empty"}),
    (no_links, {"overlay2-link-broken"}),
    (no_link_directory, {"overlay2-link-broken"}),
    (short_lowers, {"overlay2-lower-wrong"}),
    (no_init_layer, {"overlay2-init-missing"}),
    (no_mount_record, {"layer-mount-corrupt"}),
    (garbage_networks, {"network-db-corrupt"}),
    (torn_networks, {"network-db-corrupt"}),
    (no_networks, {"network-db-missing"}),
    (volume_freelist, {"volume-db-corrupt"}),
    (empty_options, {"volume-opts-corrupt"}),
    (garbage_build_cache, {"buildkit-db-corrupt"}),
    (garbage_containerd, {"containerd-db-corrupt"}),
    (nul_logs, {"container-log-damaged"}),
]
LOST = {"no_tags": {"images[bk:1]", "images[com:1]", "images[leg:1]"}}


def repair(box: Box, *areas: str) -> str:
    """Repair and let doctor start the engine; what it printed."""
    done = box.doctor("fix", *areas, "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def repair_state(box: Box) -> None:
    """Repair the state and leave the engine down, which stays as a finding."""
    done = box.doctor("fix", "state", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "engine/down" in done.stdout
    assert not box.engine_answers()


@pytest.mark.parametrize(("break_it", "expected"), [pytest.param(*fault, id=fault[0].__name__) for fault in FAULTS])
def test_a_torn_root_comes_back_whole(
    dead_box: Box, healthy: judge.Opinion, break_it: Callable[[Path], None], expected: set[str]
) -> None:
    """Scan finds it (1), undo of the repair gives the broken bytes back; repaired (0), dockerd sees what it saw before."""
    box = dead_box
    assert ids(box) == set()
    break_it(root(box))
    broken = metadata(box)
    assert ids(box) == {f"state/{name}" for name in expected}
    assert box.doctor("scan", "--select", "state").returncode == 1

    repair_state(box)
    assert ids(box) == set()
    undo = box.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert metadata(box) == broken

    print(repair(box))
    assert box.engine_answers()
    assert lost(healthy, judge.opinion(box)) <= LOST.get(break_it.__name__, set())
    assert box.doctor("scan", "--select", "state").returncode == 0


def lost(before: judge.Opinion, after: judge.Opinion) -> set[str]:
    """What differs, by the name of the thing; of an image whose name is lost only that."""
    lines = judge.differences(before, after)
    print("\n".join(lines))
    names = {line.partition(":  ")[0].partition("]: ")[0] + "]" for line in lines if line.startswith("images[")}
    gone = {name.removeprefix("images") for name in names}
    rest = {line for line in lines if not line.startswith(("images[", "untagged"))}
    return names | {line for line in rest if not any(line.partition("]: ")[0].endswith(name[:-1]) for name in gone)}


def test_everything_at_once(dead_box: Box, healthy: judge.Opinion) -> None:
    """All records, all short names, the marks, the tags, three databases: only names of images nothing tells are lost."""
    box, top = dead_box, root(dead_box)
    for break_it in (no_layerdb, no_links, no_tags, garbage_networks, volume_freelist, garbage_build_cache):
        break_it(top)
    for mark in top.glob("overlay2/*/committed"):
        mark.unlink()
    broken = metadata(box)
    assert box.doctor("scan", "--select", "state").returncode == 1
    started = time.monotonic()
    repair_state(box)
    print(f"repaired in {time.monotonic() - started:.1f} s")
    assert box.doctor("undo", "--yes").returncode == 0
    assert metadata(box) == broken
    print(repair(box))
    assert box.engine_answers()
    assert lost(healthy, judge.opinion(box)) <= LOST["no_tags"]


def test_lost_records_are_told_by_what_stands_on_them(dead_box: Box, healthy: judge.Opinion) -> None:
    """Every layer record is deleted with its tar-split: all runs again, only saving needs a pull."""
    box = dead_box
    shutil.rmtree(root(box) / STORE / "layerdb/sha256")
    (root(box) / STORE / "layerdb/sha256").mkdir(mode=0o755)
    assert ids(box) == {"state/layer-metadata-missing"}
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode == 1, done.stdout + done.stderr
    assert box.engine_answers()
    assert ids(box) == {"state/tar-split-corrupt"}
    changed = judge.differences(healthy, judge.opinion(box))
    assert [line for line in changed if not line.startswith("saves[")] == []


def test_a_stale_pid_file_no_longer_stops_the_engine(dead_box: Box) -> None:
    """The pid file names a living stranger: dockerd refuses, the repair sets the file aside, dockerd starts."""
    box = dead_box
    stranger = box.start(["sleep", "3600"])
    box.write("/run/docker.pid", str(stranger))
    assert ids(box) == {"state/pidfile-foreign"}
    assert "quarantine" in repair(box)
    assert box.read("/run/docker.pid") != str(stranger)
    assert box.engine_answers()
    assert box.doctor("scan", "--select", "state").returncode == 0


def test_a_healthy_running_host_has_no_finding(patient_box: Box) -> None:
    """A living engine writes while doctor reads; nothing of that is damage."""
    for _ in range(5):
        patient_box.docker("run", "--rm", "--network", "none", "bb:1", "true")
        assert ids(patient_box) == set()
    assert patient_box.doctor("scan", "--select", "state", "--deep").returncode == 0


def test_a_living_engine_is_stopped_for_a_repair_and_started_again(patient_box: Box, healthy: judge.Opinion) -> None:
    """Short names vanish under a running engine: the plan stops it, repairs, and starts it as it was."""
    box = patient_box
    no_link_directory(root(box))
    assert "state/overlay2-link-broken" in ids(box)
    refused = box.doctor("fix", "state", "--apply", "--yes")
    assert refused.returncode == 5, refused.stdout + refused.stderr
    print(repair(box, "state"))
    assert box.engine_answers()
    assert ids(box) == set()
    assert judge.markers(box) == healthy.markers
