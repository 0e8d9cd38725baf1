"""The quarantine is listed and purged: a purge is recorded before anything is deleted, and an undo knows what it lost."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from doctor.cli.commands import quarantine as command
from doctor.cli.common import SharedOptions
from doctor.host.recorded import RootHost
from doctor.model.errors import RefusedError, UsageError
from doctor.model.host_identity import HostIdentity
from doctor.model.step import Directory, File, Move, Put, Step
from doctor.repair.quarantine.kept import Holding, holdings
from doctor.repair.quarantine.purge import age, purge, select
from doctor.repair.runs.found import find_run, new_name, unfinished
from doctor.repair.runs.record import PlanRecord
from doctor.repair.undo import undo
from tests.unit.repair import test_undo
from tests.unit.repair.test_undo import carry_out, killed_at, record, take_back
from tests.unit.repair.trees import look

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of files can only be restored as root")
SHARED = SharedOptions(verbose=True, quiet=False, colour=False)
SCHEMA = Path(__file__).parents[3] / "docs/schema/quarantine.schema.json"
LONG = b"a line of a long file\n" * 500


def fill(top: Path) -> None:
    """Add originals for a repair: a long file, and a directory with a link out of it and an immutable-looking name."""
    (top / "long").write_bytes(LONG)
    (top / "layer/diff").mkdir(parents=True)
    (top / "layer/diff/out").symlink_to("/etc")
    (top / "layer/diff/data").write_bytes(LONG)


STEPS: list[Step] = [
    Put(path="/a", node=File(content=b"second\n")),
    Put(path="/long", node=File(content=b"short\n")),
    Move(path="/layer"),
    Put(path="/new", node=Directory()),
]


def repair(top: Path, quiet: Callable[[str], None], steps: list[Step] = STEPS) -> str:
    """Apply a plan and return its run's name."""
    plan = planned(steps, top)
    assert carry_out(plan, quiet)
    return plan.run


def planned(steps: list[Step], top: Path) -> PlanRecord:
    """A plan of now."""
    return msgspec.structs.replace(record(steps, str(top), run=new_name(time.time())), started=time.time())


def only(name: str) -> Holding:
    """The originals of a run."""
    return next(one for one in holdings() if one.run.name == name)


def test_a_purged_repair_says_what_is_lost_and_changes_nothing(top: Path, quiet: Callable[[str], None]) -> None:
    """The undo refuses and names each path; with force it undoes the rest, and leaves those as they are."""
    fill(top)
    name = repair(top, quiet)
    one = only(name)
    assert {item.path for item in one.items} == {"/long", "/layer"}
    assert one.is_needed
    assert one.size_bytes >= 2 * len(LONG)
    outside = os.listdir("/etc")
    assert purge(one) == {}
    assert os.listdir("/etc") == outside
    before = look(top)
    run, host = find_run(name), RootHost(str(top))
    with pytest.raises(RefusedError, match="no longer restorable: /long, /layer"):
        undo.prepare(run, host)
    assert look(top) == before
    assert undo.undo(run, undo.prepare(run, host, force=True), progress=quiet).half_done == ()
    assert (top / "a").read_bytes() == b"first\n"
    assert not (top / "new").exists()
    assert (top / "long").read_bytes() == b"short\n"
    assert not (top / "layer").exists()


def test_nothing_to_restore_is_refused_even_with_force(top: Path, quiet: Callable[[str], None]) -> None:
    """A repair whose every original was purged is not called undone."""
    fill(top)
    name = repair(top, quiet, [Move(path="/layer")])
    purge(only(name))
    with pytest.raises(RefusedError, match="no longer restorable: /layer"):
        undo.prepare(find_run(name), RootHost(str(top)), force=True)
    assert find_run(name).result == "applied"


def repaired_again(top: Path, quiet: Callable[[str], None]) -> list[str]:
    """A repair, its undo, and the undo of that; their names."""
    fill(top)
    names = [repair(top, quiet)]
    for _ in range(2):
        run = find_run(names[-1])
        names.append(undo.undo(run, undo.prepare(run, RootHost(str(top))), progress=quiet).run)
    return names


def test_the_run_that_still_has_an_original_is_named(top: Path, quiet: Callable[[str], None]) -> None:
    """The repair is applied again by the undo of its undo: both runs may have an original."""
    first, _, last = repaired_again(top, quiet)
    purge(only(last))
    with pytest.raises(RefusedError, match=f"run {first} still has the original of /long") as refused:
        undo.prepare(find_run(last), RootHost(str(top)))
    assert "no longer restorable" not in refused.value.what
    assert f"'doctor undo {first}' restores those" in refused.value.do
    assert undo.prepare(find_run(first), RootHost(str(top))).actions


def test_a_purge_of_the_repair_is_a_loss_of_its_later_undos(top: Path, quiet: Callable[[str], None]) -> None:
    """An undo moves nodes back into the quarantine of the repair: without them it changes nothing, not only a part."""
    first, _, last = repaired_again(top, quiet)
    purge(only(first))
    before = look(top)
    with pytest.raises(RefusedError, match=r"no longer restorable: /layer —"):
        undo.prepare(find_run(last), RootHost(str(top)))
    with pytest.raises(RefusedError, match=f"no longer restorable: /layer; run {last} still has the original of /long"):
        undo.prepare(find_run(first), RootHost(str(top)))
    assert look(top) == before
    run = find_run(last)
    assert undo.undo(run, undo.prepare(run, RootHost(str(top)), force=True), progress=quiet).half_done == ()
    assert (top / "long").read_bytes() == LONG


def test_only_what_no_undo_needs_unless_asked(top: Path, quiet: Callable[[str], None]) -> None:
    """An applied repair is purged by name or age only; after its undo, nothing needs it."""
    fill(top)
    name = repair(top, quiet)
    assert select(holdings(), (), None, time.time()).chosen == ()
    assert [one.run.name for one in select(holdings(), (), 0, time.time()).chosen] == [name]
    assert [one.run.name for one in select(holdings(), ("1",), None, time.time()).chosen] == [name]
    assert select(holdings(), (), age("1h"), time.time()).chosen == ()
    with pytest.raises(UsageError, match="no repair 'x'"):
        select(holdings(), ("x",), None, time.time())
    take_back(quiet, str(top))
    assert {one.run.name: one.is_needed for one in holdings()}[name] is False
    assert [one.run.name for one in select(holdings(), (), None, time.time()).chosen] == [name]


def test_an_unfinished_run_is_never_purged(top: Path, quiet: Callable[[str], None]) -> None:
    """Neither by age nor by name: it has the only copy."""
    fill(top)
    plan = planned(STEPS, top)
    assert killed_at(45, lambda: carry_out(plan, quiet))
    left = unfinished()
    assert left is not None
    assert [(one.run.name, bool(why)) for one, why in select(holdings(), (), 0, time.time() + 9).kept] == [
        (left.run.name, True)
    ]
    with pytest.raises(RefusedError, match="it is unfinished"):
        select(holdings(), (left.run.name,), None, time.time())


@pytest.mark.timeout(120)
def test_killed_at_any_instant_all_is_there_or_the_purge_is_recorded(
    top: Path, quiet: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No third state: the undo restores every byte, or refuses before it changes anything; the next purge ends it."""
    monkeypatch.setattr(test_undo, "EVENTS", (*test_undo.EVENTS, "subprocess.Popen", "os.rmdir"))
    fill(top)
    seen = set()
    is_killed, count = True, 0
    while is_killed:
        count += 1
        monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / f"state-{count}"))
        before = look(top)
        name = repair(top, quiet)
        is_killed = killed_at(count, lambda: purge(only(name)) == {})  # noqa: B023 - called at once
        after = look(top)
        if only(name).purged:
            with pytest.raises(RefusedError, match="no longer restorable"):
                undo.prepare(find_run(name), RootHost(str(top)))
            assert look(top) == after
            purge(only(name))
            assert only(name).items == ()
            (top / "new").rmdir()
            fill(top)
        else:
            take_back(quiet, str(top), name)
            assert look(top) == before
        seen.add((is_killed, find_run(name).result))
    assert seen == {(True, "applied"), (True, "undone"), (False, "applied")}


def test_beside_the_data_root(top: Path, quiet: Callable[[str], None], tmp_path: Path) -> None:
    """A node of another file system is kept in its data root; it is counted and deleted there, and no directory stays."""
    disk = top / "disk"
    disk.mkdir()
    os.system(f"mount -t tmpfs -o size=4m none {disk}")
    try:
        (disk / "layer").mkdir()
        (disk / "layer/file").write_bytes(LONG)
        plan = planned([Move(path="/disk/layer")], top)
        assert carry_out(msgspec.structs.replace(plan, data_roots=("/disk",)), quiet)
        one = only(plan.run)
        assert [item.place for item in one.items] == [f"host:/disk/.doctor-quarantine/{plan.run}/0"]
        assert one.size_bytes >= len(LONG)
        assert purge(one) == {}
        assert os.listdir(disk) == []
        assert only(plan.run).items == ()
    finally:
        os.system(f"umount {disk}")


def test_another_disk_at_the_same_place_is_not_touched(top: Path, quiet: Callable[[str], None]) -> None:
    """A copy of the disk has the same quarantine: neither its files are deleted, nor are the first disk's recorded as lost."""
    disk = top / "disk"
    disk.mkdir()
    (top / "etc").mkdir()
    (top / "etc/machine-id").write_text("a" * 32)
    os.system(f"mount -t tmpfs -o size=4m none {disk}")
    try:
        for machine, is_listed in (("b", False), ("a", True)):
            (disk / "layer").mkdir()
            plan = planned([Move(path="/disk/layer")], top)
            there = HostIdentity(machine=machine * 32)
            assert carry_out(msgspec.structs.replace(plan, data_roots=("/disk",), host=there), quiet)
            assert (disk / ".doctor-quarantine" / plan.run / "0").is_dir()
            assert bool([one for one in holdings() if one.run.name == plan.run]) is is_listed
    finally:
        os.system(f"umount {disk}")


def test_what_can_not_be_deleted_is_named(
    top: Path, quiet: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A mount in the quarantine is left alone, and the exit code says that something remains."""
    fill(top)
    name = repair(top, quiet)
    place = next(item.place for item in only(name).items if item.path == "/layer")
    os.system(f"mount -t tmpfs none {place}/diff")
    try:
        assert command.purge((name,), "", "text", SHARED, yes=True) == 1
        assert f"not deleted: {place}: " in capsys.readouterr().err
    finally:
        os.system(f"umount {place}/diff")
    assert command.purge((name,), "", "text", SHARED, yes=True) == 0
    assert only(name).items == ()


def test_json_has_a_schema(top: Path, quiet: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Of the list and of the purge, with every key described."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    fill(top)
    name = repair(top, quiet)
    assert command.list_all("json", SHARED) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["run"] for one in listed["runs"]] == [name]
    assert command.purge((), "", "json", SHARED, yes=True) == 0
    kept = json.loads(capsys.readouterr().out)
    assert (kept["purged"], [one["run"] for one in kept["kept"]]) == ([], [name])
    assert command.purge((name,), "", "json", SHARED, yes=True) == 0
    purged = json.loads(capsys.readouterr().out)
    assert purged["bytes"] == listed["bytes"] > 0
    for document in (listed, kept, purged):
        Draft202012Validator(schema).validate(document)


def test_it_asks_once(top: Path, quiet: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal and without --yes nothing is deleted, and the lost undo is shown."""
    fill(top)
    name = repair(top, quiet)
    with pytest.raises(RefusedError, match="add --yes"):
        command.purge((name,), "", "text", SHARED, yes=False)
    assert f"2 paths can't be restored afterwards: {name} can no longer be undone" in capsys.readouterr().out
    assert len(only(name).items) == 2
    assert command.list_all("text", SHARED) == 0
    assert "an undo needs it" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "30 d", "3y", "٣d", "9" * 30 + "d"])
def test_an_age_is_a_number_and_a_unit(text: str) -> None:
    with pytest.raises(UsageError, match="is not an age"):
        age(text)
