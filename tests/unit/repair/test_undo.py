"""Undo after apply is identity: for random plans, and when the process is killed anywhere in the middle."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from doctor.host.recorded import RootHost
from doctor.model.errors import DoctorError
from doctor.model.step import Attributes, File, Meta, Move, Put, Step, Symlink
from doctor.plugins.catalog import Catalog
from doctor.repair.apply import apply, resume
from doctor.repair.runs.found import find_run, unfinished
from doctor.repair.runs.record import ActionRecord, PlanRecord
from doctor.repair.undo import undo
from tests.unit.repair.trees import STEPS, build, look

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of files can only be restored as root")


def record(steps: list[Step], root: str, run: str = "run") -> PlanRecord:
    """One action a step."""
    actions = tuple(
        ActionRecord(number=number, summary=str(step), risk=1, fixes=(), check_ids=(), diff="", steps=(step,))
        for number, step in enumerate(steps, 1)
    )
    return PlanRecord(run=run, doctor="test", started=0.0, root=root, actions=actions)


def carry_out(plan: PlanRecord, quiet: Callable[[str], None]) -> bool:
    """Apply; return whether it held (a step that is refused rolls all of it back)."""
    done = apply(plan, RootHost(plan.root), Catalog(), prove=lambda _: (), progress=quiet)
    return not done.error


def take_back(quiet: Callable[[str], None], root: str, name: str = "") -> None:
    """Undo the named or last run."""
    run = undo.choose(name)
    host = RootHost(root)
    assert undo.undo(run, undo.prepare(run, host), progress=quiet).half_done == ()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=6))
@example(
    steps=[
        Put(path="/a", node=Symlink(target="/etc/passwd"), meta=None),
        Put(path="/a", node=File(content=b""), meta=None),
    ]
)
@example(steps=[Move(path="/a"), Put(path="/a", node=File(content=b""), meta=None)])
def test_undo_after_apply_is_identity(steps: list[Step], quiet: Callable[[str], None]) -> None:
    """Whatever a plan did, or failed to do, undo or rollback gives back every byte, mode, owner and xattr."""
    with TemporaryDirectory() as place:
        top = Path(place, "host")
        top.mkdir()
        os.environ["DOCTOR_STATE_DIR"] = str(Path(place, "state"))
        build(top)
        before = look(top)
        if carry_out(record(steps, str(top)), quiet):
            take_back(quiet, str(top))
        assert look(top) == before


PLAN: list[Step] = [
    Put(path="/a", node=File(content=b"second\n")),
    Move(path="/c/d"),
    Put(path="/c/d", node=Symlink(target="elsewhere")),
    Put(path="/new", node=File(content=b"n"), meta=Meta(mode=0o600, uid=5, gid=6, xattrs={"user.one": b"2"})),
    Attributes(path="/f/g/h", mode=0o600, uid=0, xattrs={"user.two": b"t"}),
    Move(path="/f/g", to="/c/g"),
]
EVENTS = (
    "open",
    "os.rename",
    "os.mkdir",
    "os.chown",
    "os.chmod",
    "os.setxattr",
    "os.utime",
    "os.symlink",
    "os.remove",
    "os.link",
)


def killed_at(count: int, work: Callable[[], bool]) -> bool:
    """Work in a child that kills itself with SIGKILL at its Nth call that may change a file; return whether it did."""
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            del arguments
            if event in EVENTS:
                seen += 1
                if seen == count:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the work itself failed"
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("end", ["undo", "resume"])
@pytest.mark.timeout(120)
def test_killed_at_any_call_the_next_start_ends_it(end: str, tmp_path: Path, quiet: Callable[[str], None]) -> None:
    """Rolled back, the tree is as before; finished, it is as if nothing had happened. No third state."""
    whole = tmp_path / "whole"
    whole.mkdir()
    build(whole)
    os.environ["DOCTOR_STATE_DIR"] = str(tmp_path / "whole-state")
    assert carry_out(record(PLAN, str(whole)), quiet)
    wanted = without_times(look(whole))
    count = 0
    while True:
        count += 1
        place = tmp_path / str(count)
        top = place / "host"
        top.mkdir(parents=True)
        build(top)
        before = look(top)
        os.environ["DOCTOR_STATE_DIR"] = str(place / "state")
        plan = record(PLAN, str(top))
        if not killed_at(count, lambda plan=plan: carry_out(plan, quiet)):
            break
        left = unfinished()
        if left is None:
            assert look(top) == before or without_times(look(top)) == wanted, f"killed at call {count}"
            continue
        with pytest.raises(DoctorError, match="unfinished"):
            apply(plan, RootHost(str(top)), Catalog(), prove=lambda _: (), progress=quiet)
        if end == "undo":
            take_back(quiet, str(top))
            assert look(top) == before, f"killed at call {count}"
        else:
            done = resume(left.run, RootHost(str(top)), Catalog(), prove=lambda _: (), progress=quiet)
            assert done.error == ""
            assert without_times(look(top)) == wanted, f"killed at call {count}"
            take_back(quiet, str(top), "run")
            assert look(top) == before, f"killed at call {count}, finished, undone"
    assert count > 30


def undo_killed_at(count: int, top: Path, before: Mapping[str, object], quiet: Callable[[str], None]) -> bool:
    """Kill the undo at a call, and check that the next one finishes it; return whether the call came."""

    def work() -> bool:
        take_back(quiet, str(top))
        return True

    killed = killed_at(count, work)
    left = unfinished()
    if left is not None:
        undo.resume(left.run, RootHost(str(top)), progress=quiet)
    elif killed and look(top) != before:
        take_back(quiet, str(top))
    assert look(top) == before, f"killed at call {count}"
    return killed


@pytest.mark.timeout(120)
def test_an_undo_that_was_killed_continues(tmp_path: Path, quiet: Callable[[str], None]) -> None:
    """Killed at any call, the undo is finished by the next one, and nothing it restored is moved away again."""
    count = 0
    while True:
        count += 1
        place = tmp_path / str(count)
        top = place / "host"
        top.mkdir(parents=True)
        build(top)
        before = look(top)
        os.environ["DOCTOR_STATE_DIR"] = str(place / "state")
        assert carry_out(record(PLAN, str(top)), quiet)
        killed = undo_killed_at(count, top, before, quiet)
        with pytest.raises(DoctorError, match="no repair to undo"):
            undo.choose("")
        if not killed:
            break
    assert count > 30


def without_times(seen: dict[str, tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
    """New files get the time they are written at."""
    return {path: facts[:-1] for path, facts in seen.items()}


def test_a_planted_link_leads_nowhere(tmp_path: Path, quiet: Callable[[str], None]) -> None:
    """A symbolic link in a directory of the path is refused: the step fails, all is rolled back, nothing is written."""
    top = tmp_path / "host"
    top.mkdir()
    build(top)
    outside = tmp_path / "outside"
    outside.mkdir()
    (top / "trap").symlink_to(outside)
    before = look(top)
    assert not carry_out(record([Put(path="/trap/file", node=File(content=b"x"))], str(top)), quiet)
    assert list(outside.iterdir()) == []
    assert look(top) == before


def test_an_undo_can_be_undone(tmp_path: Path, quiet: Callable[[str], None]) -> None:
    """An undo is a run too: what it replaced is kept."""
    top = tmp_path / "host"
    top.mkdir()
    build(top)
    assert carry_out(record([Put(path="/a", node=File(content=b"mended"))], str(top)), quiet)
    (top / "a").write_bytes(b"a person's later work")
    run = find_run("run")
    host = RootHost(str(top))
    back = undo.undo(run, undo.prepare(run, host, force=True), progress=quiet)
    assert (top / "a").read_bytes() == b"first\n"
    take_back(quiet, str(top), back.run)
    assert (top / "a").read_bytes() == b"a person's later work"
