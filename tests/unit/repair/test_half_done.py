"""A repair that fails says exactly how much of it was rolled back: its claim is compared with the tree, byte for byte.

Every step of a plan fails in turn, by real means: inode flags, read-only mounts, something mounted on a file, full file systems,
of the host and of doctor's own disk. Obstacles from the fault stay there during the rollback.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from doctor.host.recorded import RootHost
from doctor.host.syscalls import IMMUTABLE, get_flags, set_flags
from doctor.model.errors import RefusedError
from doctor.model.step import Attributes, Directory, File, Meta, Move, Put, Step, Symlink
from doctor.plugins.catalog import Catalog
from doctor.repair.apply import Done, alone, apply
from doctor.repair.planning.foresee import hindrance
from doctor.repair.runs.found import find_run, unfinished
from doctor.repair.runs.journal import Before
from doctor.repair.steps.execute import Executor
from doctor.repair.undo import undo
from tests.unit.repair.test_undo import record
from tests.unit.repair.trees import build, look

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="file systems can only be mounted as root"),
    pytest.mark.timeout(120),
]

LONG = b"a longer line of text\n" * 200
PLAN: list[Step] = [
    Put(path="/a", node=File(content=b"second\n")),
    Put(path="/c/new", node=File(content=LONG), meta=Meta(mode=0o600, uid=5, gid=6)),
    Move(path="/c/d"),
    Put(path="/c/d", node=Symlink(target="elsewhere")),
    Attributes(path="/f/g/h", mode=0o600, uid=0, xattrs={"user.two": b"t"}),
    Put(path="/made", node=Directory()),
    Move(path="/f/g", to="/made/g"),
    Put(path="/long", node=File(content=b"short")),
]


def run(*argv: str) -> None:
    """Run a command that must work."""
    subprocess.run(argv, check=True, capture_output=True)


class Place:
    """A small host on a file system of its own, doctor's state on another, and the faults that can be put into them."""

    def __init__(self, tmp_path: Path) -> None:
        self.top, self.state = tmp_path / "host", tmp_path / "state"
        self._mounts: list[Path] = []
        self._held: list[Path] = []
        for path in (self.top, self.state):
            path.mkdir()
            self.mount("-t", "tmpfs", "-o", "size=4m,mode=0755", "doctor-test", path)
        build(self.top)
        (self.top / "long").write_bytes(LONG)
        self.before = look(self.top)

    def mount(self, *argv: str | Path) -> None:
        """Mount at the last argument."""
        run("mount", *map(str, argv))
        self._mounts.append(Path(argv[-1]))

    def hold(self, path: Path) -> None:
        """Make a file or directory immutable."""
        if path.is_symlink() or not path.exists():
            return
        _flag(path, IMMUTABLE)
        self._held.append(path)

    def fill(self, path: Path) -> None:
        """Take the last byte of a file system."""
        with suppress(OSError), (path / "greedy").open("wb", buffering=0) as stream:
            while stream.write(b"\0" * 4096):
                pass

    def mend(self) -> None:
        """Take all faults away."""
        for held in self._held:
            for path in (held, *self.top.rglob(held.name)):
                with suppress(OSError):
                    _flag(path, 0)
        self._held.clear()
        # A directory that a step moved takes what is mounted beneath it along.
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        for place in (line.split()[4] for line in text.splitlines()):
            if place.startswith(f"{self.top}/"):
                run("umount", place)
        for path in (self.top, self.state):
            run("mount", "-o", "remount,rw", str(path))
            (path / "greedy").unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount everything."""
        self.mend()
        for path in reversed(self._mounts):
            subprocess.run(("umount", "-l", str(path)), check=False, capture_output=True)

    def look(self) -> dict[str, tuple[object, ...]]:
        """Return the host's tree, except the fault itself."""
        seen = look(self.top)
        seen.pop("greedy", None)
        return seen


def _flag(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        set_flags(descriptor, (get_flags(descriptor) & ~IMMUTABLE) | flags)
    finally:
        os.close(descriptor)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A host that can be broken."""
    made = Place(tmp_path)
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(made.state))
    try:
        yield made
    finally:
        made.close()


def target(place: Place, step: Step) -> Path:
    """The path of a step."""
    return place.top / str(getattr(step, "path", "")).lstrip("/")


def _bind(place: Place, path: Path) -> None:
    if path.is_file() and not path.is_symlink():
        place.mount("--bind", path, path)


def _read_only(path: Path) -> None:
    run("mount", "-o", "remount,ro", str(path))


FAULTS: dict[str, Callable[[Place, Step], None]] = {
    "the file is immutable": lambda place, step: place.hold(target(place, step)),
    "its directory is immutable": lambda place, step: place.hold(target(place, step).parent),
    "another changed file is immutable": lambda place, _: place.hold(place.top / "a"),
    "something is mounted on it": lambda place, step: _bind(place, target(place, step)),
    "the host's disk is read-only": lambda place, _: _read_only(place.top),
    "the host's disk is full": lambda place, _: place.fill(place.top),
    "doctor's disk is read-only": lambda place, _: _read_only(place.state),
    "doctor's disk is full": lambda place, _: place.fill(place.state),
}


def apply_with(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int, fault: Callable[[Place, Step], None]
) -> Done | None:
    """Apply the plan; the fault comes right before the step with this number acts. ``None`` where the plan was refused."""
    act, count = Executor.act, 0

    def wrapped(self: Executor, step: Step, before: Before | None = None) -> None:
        nonlocal count
        if count == number:
            fault(place, step)
        count += 1
        act(self, step, before)

    monkeypatch.setattr("doctor.repair.steps.perform.group", lambda _: ())
    monkeypatch.setattr(Executor, "act", wrapped)
    try:
        plan = record(PLAN, str(place.top))
        return apply(plan, RootHost(str(place.top)), Catalog(), prove=lambda _: (), progress=lambda _: None)
    finally:
        monkeypatch.undo()
        os.environ["DOCTOR_STATE_DIR"] = str(place.state)


@pytest.mark.parametrize("number", range(len(PLAN)))
@pytest.mark.parametrize("name", FAULTS)
def test_the_claim_is_what_the_tree_shows(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    """Rolled back if and only if every byte is as before; each place that is not, is named; the next undo ends it."""
    done = apply_with(place, monkeypatch, number, FAULTS[name])
    assert done is not None
    found = place.look()
    if done.error:
        assert done.rolled_back == (found == place.before), done
        assert bool(done.half_done) == (found != place.before)
        different = {path for path in {*found, *place.before} if found.get(path) != place.before.get(path)}
        named = {one.what.lstrip("/") for one in done.half_done}
        assert all(any(path == one or path.startswith(f"{one}/") for one in named) for path in different)
        for one in done.half_done:
            assert one.why
            assert "doctor undo run" in one.do
            if one.original.startswith(str(place.state)):
                assert os.path.lexists(one.original)
    place.mend()
    # A rollback that could not be recorded is an unfinished run to the next command.
    if not done.rolled_back or unfinished() is not None:
        end(place)
    assert place.look() == place.before
    assert unfinished() is None


def end(place: Place) -> None:
    """Undo the run, or continue with an undo that stopped."""
    chosen = find_run("run")
    left, begun, host = unfinished(), undo.begun(chosen), RootHost(str(place.top))
    if left is not None and left.plan.undoes:
        begun = left.run
    if begun is not None:
        assert undo.resume(begun, host, progress=lambda _: None).half_done == ()
        return
    assert undo.undo(chosen, undo.prepare(chosen, host), progress=lambda _: None).half_done == ()


@pytest.mark.parametrize(
    ("fault", "step", "said", "do"),
    [
        ("hold a", PLAN[0], "/a is immutable", "chattr -i {top}/a"),
        ("hold c", PLAN[1], "/c is immutable", "chattr -i {top}/c"),
        ("hold f/g/h", PLAN[4], "/f/g/h is immutable", "chattr -i {top}/f/g/h"),
        ("bind c/d", PLAN[2], "/c/d is a mount point", "umount {top}/c/d"),
        ("bind a", PLAN[0], "", ""),
        ("read-only", PLAN[0], "/ is mounted read-only", "mount -o remount,rw {top}"),
        ("full", PLAN[1], "the file system of /c is full", "df -h {top}/c"),
        ("nothing", PLAN[1], "", ""),
    ],
)
def test_what_will_fail_is_foreseen(place: Place, fault: str, step: Step, said: str, do: str) -> None:
    """Where a step can't be done, the reason and the command that ends it are known before; else nothing is said, and it works."""
    verb, _, name = fault.partition(" ")
    match verb:
        case "hold":
            place.hold(place.top / name)
        case "bind":
            _bind(place, place.top / name)
        case "read-only":
            _read_only(place.top)
        case "full":
            place.fill(place.top)
    found = hindrance(RootHost(str(place.top)), step)
    assert ("" if found is None else found.why) == said
    assert do.format(top=place.top) in ("" if found is None else found.do)
    plan = record([step], str(place.top))
    done = apply(plan, RootHost(str(place.top)), Catalog(), prove=lambda _: (), progress=lambda _: None)
    assert bool(done.error) == bool(said), "what is foreseen is what happens"
    place.mend()


def test_a_repair_that_can_not_be_recorded_does_not_stay(place: Place) -> None:
    """All steps are done and the end of the journal can't be written: the tree is as before, and the run says what failed."""
    before = place.look()

    def at_the_end(text: str) -> None:
        if text == "verifying the result":
            for journal in (place.state / "runs").glob("*/journal"):
                place.hold(journal)

    plan = record(PLAN, str(place.top))
    done = apply(plan, RootHost(str(place.top)), Catalog(), prove=lambda _: (), progress=at_the_end)
    assert "can't write the journal" in done.error
    assert done.rolled_back
    assert not done.half_done
    place.mend()
    assert place.look() == before


def test_a_state_directory_that_others_may_write_is_refused_before_all(place: Place) -> None:
    """As a tmpfs is by its default mode: the sticky bit saves what is in it, but not what is recreated."""
    place.state.chmod(0o1777)
    with pytest.raises(RefusedError, match="users other than root"), alone():
        pass
    assert list(place.state.iterdir()) == []


def test_a_file_with_further_names_keeps_them(place: Place) -> None:
    """It is written in place, and so is its undo: all names continue to mean one file."""
    os.link(place.top / "a", place.top / "other-name")
    before = place.look()
    step = Put(path="/a", node=File(content=LONG))
    done = apply(
        record([step], str(place.top)), RootHost(str(place.top)), Catalog(), prove=lambda _: (), progress=print
    )
    assert done.error == ""
    assert (place.top / "other-name").read_bytes() == LONG
    assert (place.top / "a").samefile(place.top / "other-name")
    end(place)
    assert place.look() == before
    assert (place.top / "a").samefile(place.top / "other-name")


def test_a_full_disk_does_not_cut_what_is_written_in_place(place: Place) -> None:
    """Room is taken before the first byte changes."""
    os.link(place.top / "a", place.top / "other-name")
    before = place.look()
    done = apply_full(place, Put(path="/a", node=File(content=LONG * 100)))
    assert done.rolled_back
    assert place.look() == before


def apply_full(place: Place, step: Step) -> Done:
    """Apply one step on a full file system."""
    place.fill(place.top)
    plan = record([step], str(place.top))
    return apply(plan, RootHost(str(place.top)), Catalog(), prove=lambda _: (), progress=lambda _: None)


def test_a_directory_that_can_not_be_moved_whole_stays_whole(tmp_path: Path, place: Place) -> None:
    """Quarantine is on another disk, and one file in the directory is immutable: it is filled up again, nothing is left behind."""
    place.hold(place.top / "f/g/h")
    done = apply(
        record([Move(path="/f")], str(place.top)),
        RootHost(str(place.top)),
        Catalog(),
        prove=lambda _: (),
        progress=print,
    )
    assert done.rolled_back, done
    assert place.look() == place.before
    assert not (tmp_path / "state/runs/run/quarantine/0").exists()
