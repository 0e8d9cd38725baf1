"""Puts that are done together: the same result, the same way back, and nothing durable before what must come before it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doctor.host.recorded import RootHost
from doctor.model.step import Attributes, Directory, File, HardLink, Meta, Move, Put, Step, Symlink
from doctor.plugins.catalog import Catalog
from doctor.repair.apply import apply, resume
from doctor.repair.runs.found import find_run, unfinished
from doctor.repair.runs.record import PlanRecord, RunDirectory
from doctor.repair.steps.together import MOST, group
from doctor.repair.undo import undo
from tests.unit.repair.test_undo import carry_out, killed_at, record, take_back, undo_killed_at, without_times
from tests.unit.repair.trees import NAMES, build, look

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of files can only be restored as root")

PUTS: list[Step] = [
    Put(path="/a", node=File(content=b"second\n")),
    Put(path="/b", node=File(content=b"no link any more")),
    Put(path="/c/d", node=Symlink(target="elsewhere")),
    Put(path="/c/new", node=File(content=b"n"), meta=Meta(mode=0o600, uid=5, gid=6, xattrs={"user.one": b"2"})),
    Put(path="/f/g/h", node=File(content=b"deeper")),
    Put(path="/c/e", node=Symlink(target="d")),
]


def put(path: str, **fields: object) -> Put:
    """A put of a small file."""
    return Put(path=path, **{"node": File(content=b"x"), **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        ([put("/a"), put("/b"), put("/c/d")], 3),
        ([put("/a"), put("/b"), put("/a")], 2),
        ([put("/a"), put("/a/b")], 1),
        ([put("/a/b"), put("/a")], 1),
        ([put("/a"), put("/ab")], 2),
        ([put("/a"), Move(path="/b"), put("/c")], 1),
        ([put("/a"), Attributes(path="/b", mode=0o600), put("/c")], 1),
        ([put("/a"), None, put("/c")], 1),
        ([Move(path="/b"), put("/c")], 0),
        ([put("/a"), put("/b", node=Directory())], 1),
        ([put("/a"), put("/b", node=HardLink(target="/a"))], 1),
        ([put("/a"), put("/b", node=File(blob="/a/blob"))], 1),
        ([put("/a"), put("/b", meta=Meta(mode=0o600, flags=0x10))], 1),
        ([put("/a"), put("/b", node=File(content=bytes(2 << 20)))], 1),
        ([put(f"/{number}") for number in range(200)], MOST),
    ],
)
def test_what_may_be_put_together(steps: list[Step | None], count: int) -> None:
    """Small files and links at different places, none below another; all else ends the group."""
    assert group(steps) == tuple(steps[:count])


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no steps be grouped."""
    monkeypatch.setattr("doctor.repair.steps.perform.group", lambda _: ())


def test_together_is_as_one_by_one(top: Path, quiet: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tree, the same kept befores in the journal, and the same tree as at first after the undo."""
    before = look(top)
    assert carry_out(record(PUTS, str(top)), quiet)
    after, kept = look(top), befores(find_run("run"))
    take_back(quiet, str(top))
    assert look(top) == before
    one_by_one(monkeypatch)
    assert carry_out(record(PUTS, str(top), "again"), quiet)
    assert without_times(look(top)) == without_times(after)
    assert befores(find_run("again")) == kept


def befores(run: RunDirectory) -> list[object]:
    """The original of each step."""
    return [(entry.step, entry.before) for entry in run.journal().entries if entry.state == "intent"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=7), bad=st.none() | st.integers(0, 6))
def test_a_failure_anywhere_takes_all_back(
    names: list[str], bad: int | None, tmp_path_factory: pytest.TempPathFactory, quiet: Callable[[str], None]
) -> None:
    """A directory in the way of one of them: that step is reported, and nothing of the others stays."""
    place = tmp_path_factory.mktemp("failing")
    os.environ["DOCTOR_STATE_DIR"] = str(place / "state")
    top = place / "host"
    top.mkdir()
    build(top)
    before = look(top)
    steps: list[Step] = [Put(path=f"/{name}", node=File(content=b"x")) for name in names]
    if bad is not None:
        steps.insert(min(bad, len(steps)), Put(path="/c", node=File(content=b"x")))
    applied = carry_out(record(steps, str(top)), quiet)
    assert applied == (bad is None)
    if applied:
        take_back(quiet, str(top))
    assert look(top) == before


def test_the_step_that_fails_is_reported(top: Path, quiet: Callable[[str], None]) -> None:
    """Not the first of its group: the one that can't be done."""
    (top / "way").mkdir()
    steps: list[Step] = [*PUTS[:3], Put(path="/way", node=File(content=b"x")), *PUTS[3:]]
    before = look(top)
    done = apply(record(steps, str(top)), RootHost(str(top)), Catalog(), prove=lambda _: (), progress=quiet)
    assert [action.number for action in done.actions if action.result.startswith("failed")] == [4]
    assert "/way" in done.error
    assert look(top) == before


@pytest.mark.parametrize("end", ["undo", "resume"])
@pytest.mark.timeout(120)
def test_killed_at_any_call_the_next_start_ends_it(end: str, tmp_path: Path, quiet: Callable[[str], None]) -> None:
    """A kill between any two of a group's calls: rolled back, the tree is as before; finished, as if nothing had happened."""
    steps = [*PUTS, Move(path="/f/g"), *(put(f"/c/more-{number}") for number in range(3))]
    wanted: dict[str, tuple[object, ...]] = {}
    count = 0
    while True:
        top = tmp_path / str(count) / "host"
        top.mkdir(parents=True)
        build(top)
        before = look(top)
        os.environ["DOCTOR_STATE_DIR"] = str(top.parent / "state")
        plan = record(steps, str(top))
        if not wanted:
            assert carry_out(plan, quiet)
            wanted = without_times(look(top))
            count = 1
            continue

        def work(plan: PlanRecord = plan) -> bool:
            return carry_out(plan, quiet)

        if not killed_at(count, work):
            break
        left = unfinished()
        if left is None:
            assert look(top) == before or without_times(look(top)) == wanted, f"killed at call {count}"
        elif end == "undo":
            take_back(quiet, str(top))
            assert look(top) == before, f"killed at call {count}"
        else:
            done = resume(left.run, RootHost(str(top)), Catalog(), prove=lambda _: (), progress=quiet)
            assert done.error == ""
            assert without_times(look(top)) == wanted, f"killed at call {count}"
            take_back(quiet, str(top), "run")
            assert look(top) == before, f"killed at call {count}, finished, undone"
        count += 1
    assert count > 40


@pytest.mark.timeout(120)
def test_an_undo_that_was_killed_continues(tmp_path: Path, quiet: Callable[[str], None]) -> None:
    """Replaced files are also restored together; killed at any call, the next undo ends it."""
    count, killed = 0, True
    while killed:
        count += 1
        top = tmp_path / str(count) / "host"
        top.mkdir(parents=True)
        build(top)
        before = look(top)
        os.environ["DOCTOR_STATE_DIR"] = str(top.parent / "state")
        assert carry_out(record(PUTS, str(top)), quiet)
        killed = undo_killed_at(count, top, before, quiet)
    assert count > 30


class Log:
    """The order of syncs and renames: ("sync", inode) and ("name", inode of the directory, inode of the file)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[tuple[str, int, int]] = []
        self._sync, self._rename = os.fsync, os.rename
        monkeypatch.setattr(os, "fsync", self.sync)
        monkeypatch.setattr(os, "rename", self.rename)

    def sync(self, descriptor: int) -> None:
        """Note which node is synced."""
        self.events.append(("sync", os.fstat(descriptor).st_ino, 0))
        self._sync(descriptor)

    def rename(self, name: str, to: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        """Note what gets its name where."""
        if dst_dir_fd is not None:
            node = os.stat(name, dir_fd=src_dir_fd, follow_symlinks=False)
            self.events.append(("name", os.fstat(dst_dir_fd).st_ino, node.st_ino))
        self._rename(name, to, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    def places(self, kind: str, node: int) -> Iterator[int]:
        """Where an event of this kind about a node stands."""
        return (number for number, event in enumerate(self.events) if event[:2] == (kind, node))


def test_nothing_is_durable_too_early(top: Path, quiet: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Intents are synced before any name changes, each file before its name, each directory after its last name and before
    the next intent.
    """
    log = Log(monkeypatch)
    assert carry_out(record([*PUTS, Attributes(path="/a", mode=0o600)], str(top)), quiet)
    journal = list(log.places("sync", Path(find_run("run").path, "journal").stat().st_ino))
    named = [(number, event) for number, event in enumerate(log.events) if event[0] == "name"]
    assert len(named) == len(PUTS)
    assert journal[0] < named[0][0] <= named[-1][0] < journal[1]
    for step in PUTS:
        assert isinstance(step, Put)
        path = top / step.path[1:]
        place = next(number for number, event in named if event[2] == path.lstat().st_ino)
        if isinstance(step.node, File):
            assert any(number < place for number in log.places("sync", path.lstat().st_ino))
        assert any(place < number < journal[1] for number in log.places("sync", path.parent.stat().st_ino))


def test_a_group_waits_for_few_syncs(top: Path, quiet: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty links in one directory: their intents once, the directory once, not forty times each."""
    log = Log(monkeypatch)
    steps: list[Step] = [Put(path=f"/c/link-{number}", node=Symlink(target="../a")) for number in range(40)]
    assert carry_out(record(steps, str(top)), quiet)
    run = Path(find_run("run").path, "journal").stat().st_ino
    assert len(list(log.places("sync", run))) == 2, "the intents, and the end of the run"
    assert len(list(log.places("sync", (top / "c").stat().st_ino))) == 1
    assert undo.choose("").name == "run"
