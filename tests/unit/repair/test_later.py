"""Work after a repair is not lost by its undo, and another disk at its path is not written."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor.formats.databases import bolt
from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from doctor.formats.merge import merge
from doctor.host.recorded import RootHost
from doctor.model.errors import RefusedError
from doctor.model.host_identity import HostIdentity
from doctor.model.step import File, Meta, Move, Put, Step
from doctor.repair.runs.found import find_run
from doctor.repair.runs.record import PlanRecord, RunDirectory
from doctor.repair.runs.whose import disk_of, roots_of
from doctor.repair.undo import undo
from doctor.scan.resolve import Facts
from tests.unit.repair.test_undo import carry_out, record
from tests.unit.repair.trees import build, look

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of files can only be restored as root")
ID = "0123456789abcdef" * 4
TEXT = b"one\ntwo\nthree\nfour\nfive\n"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A small tree with a data root."""
    made = tmp_path / "host"
    made.mkdir()
    build(made)
    (made / "text").write_bytes(TEXT)
    (made / "var/lib/docker/containers" / ID).mkdir(parents=True)
    (made / "etc").mkdir()
    return made


def of(steps: list[Step], top: Path) -> PlanRecord:
    """A plan for the tree, which knows its disk and its data root."""
    plan = record(steps, str(top))
    fields = {name: getattr(plan, name) for name in plan.__struct_fields__}
    return PlanRecord(**fields | {"data_roots": ("/var/lib/docker",), "host": disk_of(RootHost(str(top)))})


def undone(top: Path, quiet: Callable[[str], None], *, force: bool = False) -> undo.Undone:
    """Undo the run."""
    run = find_run("run")
    return undo.undo(run, undo.prepare(run, RootHost(str(top)), force=force), progress=quiet)


def test_a_later_change_is_named_and_merged(top: Path, quiet: Callable[[str], None]) -> None:
    """Refused without --force, by name; with it the repair's own lines go and the person's stay."""
    assert carry_out(of([Put(path="/text", node=File(content=TEXT.replace(b"two", b"2")))], top), quiet)
    (top / "text").write_bytes(b"one\n2\nthree\nfour\nfive\nsix\n")
    after = look(top)
    with pytest.raises(RefusedError, match="/text: added or changed after the repair"):
        undone(top, quiet)
    assert look(top) == after
    assert undone(top, quiet, force=True).half_done == ()
    assert (top / "text").read_bytes() == TEXT + b"six\n"


def test_a_services_own_socket_and_pid_file_are_no_later_work(top: Path, quiet: Callable[[str], None]) -> None:
    """The engine that a repair starts recreates both where the repair had removed them; a user's file is different."""
    (top / "run").mkdir(exist_ok=True)
    (top / "run/docker.pid").write_text("664")
    (top / "run/docker.sock").mkdir()
    before = look(top)
    steps: list[Step] = [Move(path="/run/docker.pid"), Move(path="/run/docker.sock")]
    assert carry_out(of(steps, top), quiet)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(top / "run/docker.sock"))
        (top / "run/docker.pid").write_text("a note")
        with pytest.raises(RefusedError, match=r"/run/docker\.pid: added or changed after the repair"):
            undone(top, quiet)
        (top / "run/docker.pid").write_text("700")
        assert undone(top, quiet).half_done == ()
    assert look(top) == before


def test_a_later_mode_and_owner_are_named_and_kept(top: Path, quiet: Callable[[str], None]) -> None:
    """A file that somebody closed after the repair is not opened again: its content goes back, and nothing else of it."""
    assert carry_out(of([Put(path="/text", node=File(content=TEXT.replace(b"two", b"2")))], top), quiet)
    (top / "text").chmod(0o600)
    os.chown(top / "text", 5, 5)
    with pytest.raises(RefusedError, match="mode and owner of /text: "):
        undone(top, quiet)
    assert undone(top, quiet, force=True).half_done == ()
    assert (top / "text").read_bytes() == TEXT
    found = (top / "text").stat()
    assert (found.st_mode & 0o7777, found.st_uid, found.st_gid) == (0o600, 5, 5)


def test_a_mode_that_the_repair_named_is_its_own(top: Path, quiet: Callable[[str], None]) -> None:
    """It goes back without a word."""
    before = look(top)
    steps: list[Step] = [Put(path="/text", node=File(content=b"new\n"), meta=Meta(mode=0o640))]
    assert carry_out(of(steps, top), quiet)
    assert undone(top, quiet).half_done == ()
    assert look(top) == before


def test_what_can_not_be_merged_is_replaced_and_kept(top: Path, quiet: Callable[[str], None]) -> None:
    """The same line was changed: --force gives back the old one, and the undo's undo the person's."""
    assert carry_out(of([Put(path="/text", node=File(content=TEXT.replace(b"two", b"2")))], top), quiet)
    (top / "text").write_bytes(b"mine\n")
    done = undone(top, quiet, force=True)
    assert (top / "text").read_bytes() == TEXT
    again = find_run(done.run)
    undo.undo(again, undo.prepare(again, RootHost(str(top))), progress=quiet)
    assert (top / "text").read_bytes() == b"mine\n"


def test_a_place_that_was_left_empty_and_is_taken_now(top: Path, quiet: Callable[[str], None]) -> None:
    """Outside of a data root: somebody's new file, which is named."""
    assert carry_out(of([Move(path="/c/d")], top), quiet)
    (top / "c/d").write_bytes(b"new")
    with pytest.raises(RefusedError, match="/c/d"):
        undone(top, quiet)


@pytest.mark.parametrize("shape", ["the same disk", "another machine", "another disk", "a copy"])
def test_another_disk_at_the_same_place_is_not_written(
    top: Path, quiet: Callable[[str], None], shape: str, tmp_path: Path
) -> None:
    """Two disks of two machines, mounted one after the other at one place; a copy with the same machine id is the same host."""
    (top / "etc/machine-id").write_text(("a" * 32) + "\n")
    assert carry_out(of([Put(path="/text", node=File(content=b"mended\n"))], top), quiet)
    if shape != "the same disk":
        shutil.copytree(top, tmp_path / "other", symlinks=True)
        top.rename(tmp_path / "away")
        (tmp_path / "other").rename(top)
    match shape:
        case "another machine":
            (top / "etc/machine-id").write_text(("b" * 32) + "\n")
        case "another disk":
            (top / "etc/machine-id").unlink()
    other = look(top)
    if shape in {"the same disk", "a copy"}:
        assert undone(top, quiet).half_done == ()
        assert (top / "text").read_bytes() == TEXT
        return
    for force in (False, True):
        with pytest.raises(RefusedError, match="the mounted disk is not the one"):
            undone(top, quiet, force=force)
    assert look(top) == other


@pytest.mark.parametrize("settings", ["", '{"data-root": "/srv/new"}', '{"data-root": "/srv/'])
def test_another_data_root_is_not_written_wherever_the_settings_lead(
    top: Path, quiet: Callable[[str], None], settings: str
) -> None:
    """The root that the repair wrote in is judged, not the one in force; where none is, nothing is made in the empty place."""
    docker = top / "var/lib/docker"
    for digit in "1234":
        (docker / "overlay2" / (digit * 64)).mkdir(parents=True)
    step = Put(path="/var/lib/docker/note", node=File(content=b"new\n"))
    (docker / "note").write_bytes(b"old\n")
    host = RootHost(str(top))
    plan = of([step], top)
    fields = {name: getattr(plan, name) for name in plan.__struct_fields__}
    assert carry_out(PlanRecord(**fields | {"roots": roots_of(Facts(host), host)}), quiet)

    begun = RunDirectory.create(undo.prepare(find_run("run"), host))
    (top / "srv/new").mkdir(parents=True)
    (top / "etc/docker").mkdir()
    (top / "etc/docker/daemon.json").write_text(settings)
    docker.rename(top / "srv/away")
    with pytest.raises(RefusedError, match="is missing"):
        undone(top, quiet, force=True)
    for digit in "5678":
        (docker / "overlay2" / (digit * 64)).mkdir(parents=True)
    (docker / "note").write_bytes(b"new\n")
    other = look(top)
    for force in (False, True):
        with pytest.raises(RefusedError, match="the data root is not the one"):
            undone(top, quiet, force=force)
    with pytest.raises(RefusedError, match="the data root is not the one"):
        undo.resume(begun, host, progress=quiet)
    assert look(top) == other

    docker.rename(top / "srv/other")
    (top / "srv/away").rename(docker)
    assert undo.resume(begun, host, progress=quiet).half_done == ()
    assert (docker / "note").read_bytes() == b"old\n"


def test_who_is_another() -> None:
    """The machine id decides, unless the disk is the same; where nothing is known, nothing is proven."""
    one = HostIdentity(machine="a" * 32, file_system="ef53:1", root=((2, 5), (11, 6)))
    assert not one.is_other(one)
    assert not one.is_other(HostIdentity())
    assert not one.is_other(HostIdentity(machine="b" * 32, file_system="ef53:1", root=((2, 5), (11, 6))))
    assert one.is_other(HostIdentity(machine="b" * 32, file_system="ef53:2", root=((2, 5), (11, 6))))
    assert HostIdentity(root=((2, 5),)).is_other(HostIdentity(root=((2, 7),)))


def tags(**names: str) -> bytes:
    """A repositories.json."""
    return json.dumps({"Repositories": {name: {f"{name}:1": digest} for name, digest in names.items()}}).encode()


def test_names_of_images_are_merged_by_key() -> None:
    """The repair brought one back, a person pulled another, and changed a third."""
    merged = merge(tags(a="1", c="3"), tags(a="1", b="2", c="3"), tags(a="1", b="2", c="4", d="5"))
    assert json.loads(merged or b"") == json.loads(tags(a="1", c="4", d="5"))


def database(**networks: bytes) -> bytes:
    """A database as the engine keeps its networks."""
    keys = {f"network/{name}/".encode(): value for name, value in networks.items()}
    return write(Bucket(buckets={b"libnetwork": Bucket(keys=keys, sequence=len(keys))}))


def test_records_of_a_database_are_merged() -> None:
    """The records that the repair added go, those that came later stay, and the engine can read it."""
    merged = merge(database(old=b"1"), database(old=b"1", rebuilt=b"2"), database(old=b"1", rebuilt=b"2", later=b"3"))
    best = bolt.read(merged or b"").best
    assert best is not None
    assert best.is_clean
    assert set(best.root.buckets[b"libnetwork"].keys) == {b"network/old/", b"network/later/"}


def test_corrupt_ones_are_not_merged() -> None:
    """It is unknown what is new in them."""
    whole = database(old=b"1")
    assert merge(whole[:5000], whole, database(old=b"1", later=b"3")) is None
    assert merge(b"\0\1", tags(a="1"), tags(a="2")) is None
