"""Who has the space: measured within a limit, from any answer of the engine, and with files that have no name any more."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.collect.host import disk_eaters, disk_walk
from doctor.collect.host.disk_eaters import _with_engine
from doctor.facts.host.disk_eaters import DiskEaters
from doctor.formats.storage.usage import Usage, usage_of
from doctor.host.base import ApiAnswer, DeletedFile, StatFs
from doctor.host.machine import deleted_files
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.paths import HostPath
from doctor.scan.resolve import Facts

ROOT = HostPath("/var/lib/docker")
FULL = StatFs(0xEF53, 10 << 30, 1 << 30, 1 << 30, 6 << 20, 6 << 20, read_only=False)
NO_INODES = StatFs(0xEF53, 10 << 30, 9 << 30, 9 << 30, 100_000, 2000, read_only=False)
EMPTY = StatFs(0xEF53, 10 << 30, 9 << 30, 9 << 30, 100_000, 99_000, read_only=False)
DF = {
    "Images": [{"Size": 900 << 20, "SharedSize": 100 << 20, "Containers": 0}, {"Size": 5 << 30, "Containers": 2}],
    "Containers": [{"State": "exited", "SizeRw": 300 << 20}, {"State": "running", "SizeRw": 9 << 30}],
    "Volumes": [{"UsageData": {"Size": 400 << 20, "RefCount": 0}}, {"UsageData": {"Size": 8 << 30, "RefCount": 1}}],
    "BuildCache": [{"Size": 200 << 20, "InUse": False, "Shared": False}, {"Size": 7 << 30, "InUse": True}],
}


def eaters(top: Path, numbers: StatFs, *, df: object = None, deleted: tuple[DeletedFile, ...] = ()) -> DiskEaters:
    """The consumers on a host with these numbers of its data root's disk."""
    answers = RecordedAnswers(
        live=True,
        processes=(),
        statfs={"/": EMPTY, ROOT: numbers},
        engine={} if df is None else {"/system/df": ApiAnswer(200, json.dumps(df).encode())},
        deleted=deleted,
    )
    found = Facts(RootHost(str(top), answers)).get(DiskEaters)
    assert isinstance(found, DiskEaters)
    return found


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A host with a data root of a few files."""
    (tmp_path / "etc").mkdir()
    for number in range(300):
        path = tmp_path / f"var/lib/docker/overlay2/{'a' * 64}/diff/{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 10_000)
    return tmp_path


def test_the_engine_knows_what_is_unused(top: Path) -> None:
    """Its account names what a prune frees, largest first; a volume has no command."""
    found = eaters(top, FULL, df=DF).on(ROOT)
    assert [(one.what, one.size_bytes >> 20, bool(one.frees)) for one in found] == [
        ("images without a container", 800, True),
        ("volumes without a container", 400, False),
        ("stopped containers", 300, True),
        ("unused build cache", 200, True),
        ("images and writable layers together", 2, False),
    ]
    assert all(one.deletes for one in found if one.frees)


def test_inodes_are_ranked_by_files(top: Path) -> None:
    """The number of files counts, not their size."""
    found = eaters(top, NO_INODES).inodes_on(ROOT)
    assert [one.inode_words for one in found] == ["images and writable layers together 303 files"]
    assert eaters(top, NO_INODES).on(ROOT) == ()
    assert eaters(top, EMPTY) == DiskEaters()


def test_a_walk_without_time_says_at_least(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the records of the layers count, if they say more."""
    record = top / f"var/lib/docker/image/overlay2/layerdb/sha256/{'b' * 64}/size"
    record.parent.mkdir(parents=True)
    record.write_text(str(7 << 30))
    monkeypatch.setattr(disk_eaters, "_WALK_S", 0.0)
    (one,) = eaters(top, FULL).on(ROOT)
    assert one.words == "images and writable layers together at least 7.0 GiB"


def test_a_million_files_take_no_longer(tmp_path: Path) -> None:
    """The walk ends at its deadline, wherever it is."""
    for folder in range(40):
        (tmp_path / str(folder)).mkdir()
        for number in range(100):
            (tmp_path / str(folder) / str(number)).touch()
    begin = time.monotonic()
    counted = disk_walk.count(RootHost(str(tmp_path)), HostPath("/"), begin + 0.02)
    assert time.monotonic() - begin < 0.3
    assert not counted.is_whole
    assert disk_walk.count(RootHost(str(tmp_path)), HostPath("/"), begin + 60).files == 4041


def test_odd_nodes_are_counted_and_not_opened(tmp_path: Path) -> None:
    """A FIFO, a link in a circle, a hole of a terabyte, a second name."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "circle").symlink_to(".")
    (tmp_path / "one").write_bytes(b"x" * 1000)
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    counted = disk_walk.count(RootHost(str(tmp_path)), HostPath("/"), time.monotonic() + 5)
    assert (counted.size_bytes, counted.files, counted.is_whole) == (1000, 5, True)


def test_a_deleted_log_is_found_and_emptied(top: Path) -> None:
    """It is on the disk that it is on, or in a container's root file system on the data root."""
    device = os.stat(top / "var/lib/docker").st_dev
    log = DeletedFile(
        pid=812, comm="dockerd", descriptor=27, path="/var/lib/docker/x-json.log", size_bytes=9 << 20, device=device
    )
    inner = DeletedFile(
        pid=99, comm="java", descriptor=3, path="/tmp/gc", size_bytes=8 << 20, device=77, is_of_overlay=True
    )
    memory = DeletedFile(pid=98, comm="x", descriptor=4, path="/memfd:x", size_bytes=99 << 20, device=78)
    found = [one for one in eaters(top, FULL, deleted=(log, inner, memory)).on(ROOT) if "deleted" in one.what]
    assert [one.frees for one in found] == ["truncate -s 0 /proc/812/fd/27", "truncate -s 0 /proc/99/fd/3"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="Linux only")
def test_a_deleted_file_of_this_process_is_found(tmp_path: Path) -> None:
    """Of the real machine; a small one and one with another name are not."""
    files = {name: open(tmp_path / name, "wb") for name in ("large", "small", "named")}  # noqa: SIM115
    try:
        for name, file in files.items():
            file.write(b"x" * (10 if name == "small" else 3 << 20))
            file.flush()
            os.fsync(file.fileno())
        (tmp_path / "other").hardlink_to(tmp_path / "named")
        for name in files:
            (tmp_path / name).unlink()
        mine = [one for one in deleted_files.find() if one.pid == os.getpid() and one.path.startswith(str(tmp_path))]
        assert [(one.path, one.descriptor) for one in mine] == [(str(tmp_path / "large"), files["large"].fileno())]
        assert mine[0].size_bytes >= 3 << 20
    finally:
        for file in files.values():
            file.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["Images", "Size", "Containers", "State", "SizeRw", "Volumes", "UsageData", "RefCount", "BuildCache", "ImageUsage", "Reclaimable"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_any_answer_of_the_engine_is_read(answer: object) -> None:
    """Nothing raises, and no sum is negative enough to be an eater."""
    usage = usage_of(answer)
    assert isinstance(usage, Usage)
    _with_engine([], usage, 0)


@pytest.mark.parametrize("key", ["ImageUsage", "ContainerUsage", "VolumeUsage", "BuildCacheUsage"])
def test_totals_of_engine_29(key: str) -> None:
    usage = usage_of({key: {"Reclaimable": 5, "TotalSize": 9}})
    assert sorted(getattr(usage, name) for name in usage.__struct_fields__) == [0, 0, 0, 5]


def test_a_slow_engine_costs_a_limited_time(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is asked with a limit; without it the walk counts."""
    asked: list[float] = []
    ask: Callable[..., ApiAnswer] = RootHost.engine

    def slow(self: RootHost, path: str, *, timeout_s: float = 3.0, socket: HostPath | None = None) -> ApiAnswer:
        if path == "/system/df":
            asked.append(timeout_s)
        return ask(self, path, timeout_s=timeout_s, socket=socket)

    monkeypatch.setattr(RootHost, "engine", slow)
    (one,) = eaters(top, FULL).on(ROOT)
    assert one.what == "images and writable layers together"
    assert asked == [disk_eaters._ENGINE_S]
    assert disk_eaters._ENGINE_S + disk_eaters._WALK_S + deleted_files._BUDGET_S <= 4
