"""Runs are ordered by number whatever the clock says, and one that can't be read is set aside."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor.host.recorded import RootHost
from doctor.model.errors import RefusedError
from doctor.model.step import File, Move, Put, Step
from doctor.plugins.catalog import Catalog
from doctor.repair.apply import apply
from doctor.repair.runs.found import find_run, new_name, survey, unfinished
from doctor.repair.runs.journal import Entry, line, parse
from doctor.repair.runs.record import RunDirectory
from doctor.repair.undo import undo
from tests.unit.repair.test_undo import carry_out, killed_at, record
from tests.unit.repair.trees import build, look

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of files can only be restored as root")
STEPS: list[Step] = [
    Put(path="/a", node=File(content=b"second\n")),
    Move(path="/c/d"),
    Put(path="/c/e", node=File(content=b"new")),
]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A small tree."""
    made = tmp_path / "host"
    made.mkdir()
    build(made)
    return made


def repair(top: Path, quiet: Callable[[str], None], *, now: float = 1e9, steps: list[Step] = STEPS) -> str:
    """Apply a plan and return its run's name."""
    name = new_name(now)
    assert carry_out(record(steps, str(top), run=name), quiet)
    return name


def one(number: int) -> list[Step]:
    """A plan that writes one file."""
    return [Put(path="/a", node=File(content=str(number).encode()))]


def test_the_last_repair_is_the_one_that_was_made_last(top: Path, quiet: Callable[[str], None]) -> None:
    """Three repairs, each under a clock that is further back: the third is undone first, and the names sort like that."""
    names = [repair(top, quiet, now=2e9 - number * 1e8, steps=one(number)) for number in range(3)]
    assert names == sorted(names)
    assert [one.run.name for one in survey()[0]] == names
    assert undo.choose("").name == names[2]
    assert find_run("2").name == names[1]
    host = RootHost(str(top))
    for content in (b"1", b"0", b"first\n"):
        chosen = undo.choose("")
        assert undo.undo(chosen, undo.prepare(chosen, host), progress=quiet).half_done == ()
        assert (top / "a").read_bytes() == content


def flip(path: Path, place: int) -> None:
    """Change one byte."""
    data = bytearray(path.read_bytes())
    data[place] ^= 0x20
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("file", ["journal", "plan.json"])
def test_a_bad_byte_in_an_old_run_stops_nothing(top: Path, quiet: Callable[[str], None], file: str) -> None:
    """At any place of either file: the newer repair is undone, a new one is made, and the damaged one is named where it matters."""
    before = look(top)
    old = repair(top, quiet)
    path = Path(find_run(old).path, file)
    whole = path.read_bytes()
    repair(top, quiet, steps=one(1))
    for place in range(0, len(whole), max(len(whole) // 40, 1)):
        flip(path, place)
        newer = repair(top, quiet, steps=one(place))
        chosen = undo.choose("")
        assert chosen.name == newer
        assert undo.undo(chosen, undo.prepare(chosen, RootHost(str(top))), progress=quiet).half_done == ()
        assert unfinished() is None
        path.write_bytes(whole)
    for name in (survey()[0][1].run.name, old):
        chosen = find_run(name)
        assert undo.undo(chosen, undo.prepare(chosen, RootHost(str(top))), progress=quiet).half_done == ()
    assert look(top) == before


def is_refused(run: RunDirectory, top: Path) -> bool:
    """Whether an undo is refused because something is not known."""
    try:
        undo.prepare(run, RootHost(str(top)))
    except RefusedError as error:
        return "unknown" in error.what
    return False


def test_a_bad_byte_never_restores_wrong_bytes(top: Path, quiet: Callable[[str], None]) -> None:
    """Each byte of the only run's journal in turn: the undo gives back all, or is refused and says what is not known."""
    before = look(top)
    name = repair(top, quiet)
    run = find_run(name)
    after, path = look(top), Path(run.path, "journal")
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        flip(path, place)
        refused += is_refused(run, top)
        assert look(top) == after
        path.write_bytes(whole)
    assert refused > len(whole) // 3
    assert undo.undo(run, undo.prepare(run, RootHost(str(top))), progress=quiet).half_done == ()
    assert look(top) == before


def test_the_newest_one_may_be_half_done(top: Path, quiet: Callable[[str], None]) -> None:
    """Killed in the middle, and its plan damaged then: nothing is begun beside it, and what to do is said."""
    name = new_name(1e9)
    assert killed_at(40, lambda: carry_out(record(STEPS, str(top), run=name), quiet))
    assert find_run(name).journal().begun
    assert unfinished() is not None
    path = Path(find_run(name).path, "plan.json")
    flip(path, len(path.read_bytes()) // 2)
    with pytest.raises(RefusedError, match="is the newest and may be unfinished") as caught:
        unfinished()
    assert "move" in caught.value.do
    with pytest.raises(RefusedError, match="may be unfinished"):
        apply(record(one(1), str(top)), RootHost(str(top)), Catalog(), prove=lambda _: (), progress=quiet)
    os.rename(find_run(name).path, top.parent / "aside")
    assert unfinished() is None


def test_a_run_that_changed_nothing_is_no_obstacle(top: Path, quiet: Callable[[str], None]) -> None:
    """A crash between its plan and its first step, and a plan that is corrupt: it is set aside."""
    run = RunDirectory.create(record(STEPS, str(top), run=new_name(1e9)))
    flip(Path(run.path, "plan.json"), 40)
    assert unfinished() is None
    assert [aside.run.name for aside in survey()[1]] == [run.name]
    repair(top, quiet)


@pytest.mark.parametrize("path", ["", "journal", "plan.json", ".."])
def test_what_others_could_have_written_is_not_used(top: Path, quiet: Callable[[str], None], path: str) -> None:
    """A run's directory, its files, or the directory of all runs: nothing of it is carried out as root."""
    name = repair(top, quiet)
    after, weak = look(top), Path(find_run(name).path, path)
    weak.chmod(0o777)
    with pytest.raises(RefusedError, match="users other than root could have written it"):
        undo.prepare(RunDirectory(str(Path(os.environ["DOCTOR_STATE_DIR"], "runs", name))), RootHost(str(top)))
    assert look(top) == after
    weak.chmod(0o755)
    chosen = undo.choose("")
    assert undo.undo(chosen, undo.prepare(chosen, RootHost(str(top))), progress=quiet).half_done == ()


def test_a_truncated_end_is_no_damage() -> None:
    """A line without its end was being written when the power went: all before it counts."""
    whole = line(Entry(state="intent", step=0)) + b"\n"
    assert parse(whole + b'4f2a {"sta').damaged == ()
    assert parse(whole + b"\0" * 512).damaged == ()
    assert parse(whole + b"4f2a {}\n" + whole).damaged == (2,)
    assert parse(whole).begun.keys() == {0}
