"""A third engine needs one folder, a check and a fixer: every room works with it, and none was changed for it."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doctor.api.engine import Engine
from doctor.collect.backup.kept import RootBackups
from doctor.history import backup
from doctor.host.data_root import DataRootHost
from doctor.model.action import Stage
from doctor.model.errors import RefusedError
from doctor.model.missing import HostError
from doctor.model.outcome import Result
from doctor.model.root_identity import Likeness
from doctor.model.step import Run
from doctor.plugins import engines as found
from doctor.plugins.catalog import Catalog
from doctor.plugins.engines import engine, engine_of, engines, first_engine
from doctor.plugins.load import bring
from doctor.plugins.rooms import Rooms
from doctor.repair.apply import apply, to_record
from doctor.repair.engine.holders import holder_of
from doctor.repair.planning.plan import make_plan
from doctor.repair.runs.found import find_run
from doctor.repair.undo import undo
from doctor.salvage.salvaging import Wish, salvage
from doctor.scan.resolve import Facts
from doctor.scan.run import scan
from doctor.scan.still import Motion
from doctor.state.metadata_store import MetadataStore
from doctor.state.settings import KeepMetadata
from tests.unit.engines.crate_host import CrateHost

PLUGIN = Path(__file__).parents[2] / "plugins/doctor-crate/src"
CHECK = "crate:box/index-incomplete"
ROOMS = Rooms(checks="doctor_crate.checks", fixers="doctor_crate.fixers", engines="doctor_crate.engines")


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """The catalogue with the plugin, as loading leaves it; afterwards its engine is unknown again."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    monkeypatch.setattr(found, "_packages", list(found._packages))
    made = Catalog()
    bring(made, ROOMS, "crate")
    return made


@pytest.fixture
def host(tmp_path: Path) -> Iterator[CrateHost]:
    made = CrateHost(tmp_path)
    yield made
    made.stop()


def in_order(*names: str) -> bool:
    """Whether these engines are found, and stop in this order: others may be between them."""
    return tuple(one.name for one in engines() if one.name in names) == names


def test_it_is_found_by_its_folder(catalog: Catalog) -> None:
    """An engine stops before those that it stands on; those of plugins are among them."""
    assert in_order("docker", "containerd")
    assert in_order("crate")
    assert engine("crate").title == "Crate"
    assert list(catalog.checks) == list(catalog.fixers) == [CHECK]


def test_the_first_engine_is_docker_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine above it stops before it; a step without an engine is still Docker's."""
    folder = tmp_path / "sheds/shed"
    folder.mkdir(parents=True)
    for place in (folder.parent, folder):
        (place / "__init__.py").touch()
    text = "from doctor.api.engine import Engine\n\nENGINE = type('Shed', (Engine,), {'name': 'shed', 'stands_on': ('docker',)})()\n"
    (folder / "engine.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(found, "_packages", list(found._packages))
    found.add("sheds")
    assert in_order("shed", "docker", "containerd")
    assert first_engine() is engine_of(Run(argv=("true",))) is engine("docker")


def test_an_engine_that_cannot_be_imported_is_refused_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others are still found."""
    folder = tmp_path / "ruins/ruin"
    folder.mkdir(parents=True)
    for place in (folder.parent, folder):
        (place / "__init__.py").touch()
    (folder / "engine.py").write_text("import no_such_module\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(found, "_packages", list(found._packages))
    with pytest.raises(ModuleNotFoundError):
        found.add("ruins")
    assert in_order("docker", "containerd")


def test_a_root_without_its_host_is_recognised_and_examined(catalog: Catalog, host: CrateHost) -> None:
    alone = DataRootHost(str(host.data), engines())
    assert alone.resolve(engine("crate").default_root) == "/var/lib/crate"
    assert [outcome.result for outcome in scan(alone, catalog, (CHECK,)).outcomes] == [Result.PASS]
    host.lose("db")
    assert [finding.id for finding in scan(alone, catalog, (CHECK,)).findings] == [CHECK]


def test_its_lock_shows_who_holds_the_root(catalog: Catalog, host: CrateHost) -> None:
    assert catalog.checks
    assert holder_of(host.root, "/var/lib/crate") == ""
    host.start()
    assert holder_of(host.root, "/var/lib/crate") == f"process {host.pid} (crated)"


def test_a_box_that_is_made_meanwhile_is_motion(catalog: Catalog, host: CrateHost) -> None:
    assert catalog.checks
    os.utime(host.data / "index.json", (1, 1))
    os.utime(host.data / "boxes", (1, 1))
    real, host.root = host.root, "/"
    assert not Motion(host, Facts(host)).wait(since=time.time())
    (Path(real) / "var/lib/crate/boxes/new").mkdir()
    assert Motion(host, Facts(host)).wait(since=time.time())


def repaired(host: CrateHost, catalog: Catalog, quiet: Callable[[str], None]) -> str:
    """Lose a box, and repair that; return the plan's own actions."""
    host.lose("db")
    host.start()
    plan = make_plan(host, catalog, (CHECK,), allow=2)
    record = to_record(plan, host.root, "0001-20260101-000000")
    assert {name: set(one.containers) for name, one in record.expected.items()} == {"crate": {"web", "db"}}
    done = apply(record, host, catalog, prove=lambda _: (), progress=quiet)
    assert not done.error, done
    assert [(one.name, one.result) for one in done.probes] == [("data-root", Result.PASS), ("engine", Result.PASS)]
    return ", ".join(action.summary for action in plan.actions)


def test_a_plan_stops_and_starts_it_and_proves_the_result(
    catalog: Catalog, host: CrateHost, state_dir: Path, quiet: Callable[[str], None]
) -> None:
    """The engine runs, so that its root is held: it is stopped, and runs again with the box. An undo does the same."""
    assert (
        repaired(host, catalog, quiet)
        == "stop Crate (started by hand), add db to the index, start Crate (with its earlier command line)"
    )
    first = host.pid
    assert host.is_running
    assert set(host.index) == {"web", "db"}
    run = find_run("0001-20260101-000000")
    undone = undo.undo(run, undo.prepare(run, host), progress=quiet)
    assert undone.half_done == ()
    assert set(host.index) == {"web"}
    assert host.is_running
    assert host.pid != first


def test_a_plan_for_it_stops_nothing_of_another_engine(catalog: Catalog, host: CrateHost, state_dir: Path) -> None:
    """Each engine holds its own root: a step in one asks for no lock of the other."""
    host.lose("db")
    host.start()
    record = to_record(make_plan(host, catalog, (CHECK,), allow=2), host.root, "run")
    assert record.locked_with("/var/lib/crate/index.json") == ("/var/lib/crate",)
    assert record.locked_with("/var/lib/docker/file") == ("/var/lib/docker",)
    assert [action.engine for action in record.actions] == ["crate", "", "crate"]


def test_without_a_control_its_root_still_has_its_locks(
    catalog: Catalog, host: CrateHost, state_dir: Path, monkeypatch: pytest.MonkeyPatch, quiet: Callable[[str], None]
) -> None:
    """An engine without a daemon has nothing to stop: a write waits for its locks, and an undo asks which root it is."""
    monkeypatch.setattr(type(engine("crate")), "control", Engine.control)
    host.lose("db")
    plan = make_plan(host, catalog, (CHECK,), allow=2)
    record = to_record(plan, host.root, "0001-20260101-000000")
    assert record.locked_with("/var/lib/crate/index.json") == ("/var/lib/crate",)
    assert [action.engine for action in record.actions] == [""]
    with (host.data / "store.db").open("rb") as store:
        fcntl.flock(store, fcntl.LOCK_EX)
        with pytest.raises(RefusedError, match="holds the data root"):
            apply(record, host, catalog, prove=lambda _: (), progress=quiet)
    assert not apply(record, host, catalog, prove=lambda _: (), progress=quiet).error
    host.data.rename(host.data.with_name("moved"))
    with pytest.raises(RefusedError, match="is missing"):
        undo.prepare(find_run("0001-20260101-000000"), host)


def test_later_work_in_it_is_named_before_an_undo(
    catalog: Catalog, host: CrateHost, state_dir: Path, quiet: Callable[[str], None]
) -> None:
    repaired(host, catalog, quiet)
    document = json.loads((host.data / "index.json").read_bytes())
    document["boxes"]["later"] = ""
    (host.data / "boxes/later").mkdir()
    (host.data / "index.json").write_text(json.dumps(document))
    with pytest.raises(RefusedError, match="container later"):
        undo.prepare(find_run("0001-20260101-000000"), host)


def test_another_root_in_its_place_is_refused(
    catalog: Catalog, host: CrateHost, state_dir: Path, quiet: Callable[[str], None]
) -> None:
    repaired(host, catalog, quiet)
    host.stop()
    host.data.rename(host.data.with_name("moved"))
    with pytest.raises(RefusedError, match="is missing"):
        undo.prepare(find_run("0001-20260101-000000"), host)


def test_the_metadata_of_a_healthy_root_is_kept_apart(catalog: Catalog, host: CrateHost, state_dir: Path) -> None:
    """A root with a finding is not backed up; each engine's backups have a directory of their own."""
    seen = scan(host, catalog, (CHECK,))
    healthy = backup.healthy(seen.findings, seen.outcomes, catalog.checks)
    assert [one.name for one in healthy] == ["crate"]
    assert backup.take(host, seen.facts.get, KeepMetadata(), of=healthy) == ()
    kept = [one.generation for one in MetadataStore(str(state_dir), "metadata-crate").newest()]
    assert [sorted(one.files) for one in kept] == [["index.json"]]
    assert list(MetadataStore(str(state_dir)).newest()) == []
    host.lose("db")
    seen = scan(host, catalog, (CHECK,))
    assert backup.healthy(seen.findings, seen.outcomes, catalog.checks) == ()


def test_a_kept_file_is_found_again(catalog: Catalog, host: CrateHost, state_dir: Path) -> None:
    """By the identity of the root, in the backups of its engine only."""
    directory = host.top / "host/var/lib/doctor"
    directory.mkdir(mode=0o700)
    assert catalog.checks
    ask = Facts(host).get
    assert backup.take(host, ask, KeepMetadata(), directory=str(directory), of=(engine("crate"),)) == ()
    root = engine("crate").root(host, ask)
    assert root is not None
    index = (host.data / "index.json").read_bytes()
    host.lose("db")
    kept = RootBackups(host, root.path, root.likeness, engine("crate").backups).find("index.json", bool)
    assert kept is not None
    assert kept[0] == index
    for other in (engine("docker").backups, "metadata-shed"):
        with pytest.raises(HostError):
            RootBackups(host, root.path, root.likeness, other)
    with pytest.raises(HostError, match="no backup of /var/lib/crate"):
        RootBackups(host, root.path, lambda _: Likeness(()), engine("crate").backups)


def test_its_images_stashes_and_boxes_are_salvaged(catalog: Catalog, host: CrateHost) -> None:
    assert catalog.checks
    out = host.top / "out"
    wish = Wish(to=str(out), volumes=True, containers=True)
    outcome = salvage(DataRootHost(str(host.data), engines()), wish, lambda _: None)
    assert [image.names for image in outcome.images] == [("app:1",)]
    assert sorted((tree.kind, tree.name) for tree in outcome.trees) == [
        ("container", "db"),
        ("container", "web"),
        ("volume", "data"),
    ]
    assert (out / "volumes/data.tar").exists()
    assert outcome.left == ()


def test_the_stage_of_a_stop_is_before_any_write(catalog: Catalog, host: CrateHost) -> None:
    host.lose("db")
    host.start()
    plan = make_plan(host, catalog, (CHECK,), allow=2)
    assert [action.stage for action in plan.actions] == [Stage.STOP, Stage.DATABASES, Stage.ENGINE]
    assert plan.running == ("crate",)


def test_another_engine_that_holds_its_own_root_is_in_nobodys_way(
    catalog: Catalog, host: CrateHost, state_dir: Path, quiet: Callable[[str], None]
) -> None:
    """Docker's database is locked all the time; what is written is Crate's, and Crate does not run."""
    database = Path(host.root, "var/lib/docker/volumes/metadata.db")
    database.parent.mkdir(parents=True)
    host.lose("db")
    with database.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert holder_of(host.root, "/var/lib/docker")
        record = to_record(make_plan(host, catalog, (CHECK,)), host.root, "0001-20260101-000000")
        assert not apply(record, host, catalog, prove=lambda _: (), progress=quiet).error
    assert set(host.index) == {"web", "db"}
