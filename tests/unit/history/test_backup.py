"""Makes a metadata backup of a small real data root, and reads it back as facts."""

import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.backup.files import DeepTarSplits, KeptTarSplits, KeptVolumes, MetadataBackup
from doctor.facts.backup.lists import KeptNetworks, KeptTags
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.images.images import Images
from doctor.facts.layers.records import Layers
from doctor.history import backup
from doctor.history.kept_files import UnsteadyError, read_steady
from doctor.host.recorded import RootHost
from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.plugins.load import load as load_catalog
from doctor.rebuild.images.tag_sources import recover_tags
from doctor.scan.resolve import Facts
from doctor.scan.run import scan
from doctor.state.metadata import BackupGeneration
from doctor.state.metadata_store import MetadataStore
from doctor.state.settings import KeepMetadata
from tests.cases import roots
from tests.cases.state.layers import altered_split
from tests.clocks import within

DOCKER = "var/lib/docker"
STORE = f"{DOCKER}/image/overlay2"
CONFIG = f"{DOCKER}/containers/{roots.WEB}/config.v2.json"
TAGS = f"{STORE}/repositories.json"
ENGINE_ONE = "79df9557-7c01-4da0-a66a-c0267b6472c6"
ENGINE_TWO = "11111111-7c01-4da0-a66a-c0267b6472c6"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A healthy root with an engine's id."""
    where = tmp_path / "host"
    roots.build(*roots.PARTS).write(where)
    for path in where.rglob(".gitkeep"):
        path.unlink()
    (where / DOCKER / "engine-id").write_text(ENGINE_ONE)
    return where


class Reads(RootHost):
    """Counts what is read."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.names: list[str] = []

    def read(self, path: Any, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Record the name."""
        self.names.append(path)
        return super().read(path, follow=follow, limit_bytes=limit_bytes)


def take(top: Path, keep: KeepMetadata = KeepMetadata()) -> tuple[tuple[str, ...], list[str]]:  # noqa: B008 - frozen
    """Make a backup in the root's own state directory; return notes, and the files read for it."""
    host = Reads(str(top))
    found = scan(host, CATALOG, [name for name in CATALOG.checks if name.startswith("state/")])
    assert backup.is_healthy(found.findings, found.outcomes, CATALOG.checks)
    host.names.clear()
    notes = backup.take(host, found.facts.get, keep, directory=str(top / "var/lib/doctor"))
    # Which root it is, each backup asks.
    return notes, [name for name in host.names if not name.endswith("/engine-id")]


CATALOG = load_catalog()


def generations(top: Path) -> list[BackupGeneration]:
    return [listed.generation for listed in MetadataStore(str(top / "var/lib/doctor")).newest()]


def get(top: Path, fact: type) -> Any:
    return Facts(RootHost(str(top))).get(fact)


def test_only_what_changed_is_read_again(top: Path) -> None:
    """The first backup reads each file, the next one none, a third one only the file that was renamed into place."""
    notes, read = take(top)
    assert notes == ()
    assert f"/{CONFIG}" in read
    assert take(top) == ((), [])
    assert len(generations(top)) == 1
    path = top / CONFIG
    path.with_suffix(".new").write_bytes(path.read_bytes())
    path.with_suffix(".new").rename(path)
    assert take(top) == ((), [f"/{CONFIG}"])
    assert len(generations(top)) == 2


def test_everything_that_has_no_second_copy_is_in_it(top: Path) -> None:
    """Tags, settings, databases, options, image configs, tar-splits, records of layers and mounts."""
    take(top)
    found = generations(top)[0]
    wanted = {
        TAGS,
        CONFIG,
        f"{DOCKER}/engine-id",
        f"{DOCKER}/network/files/local-kv.db",
        f"{DOCKER}/volumes/metadata.db",
    }
    wanted |= {f"{DOCKER}/containers/{roots.WEB}/hostconfig.json", f"{DOCKER}/volumes/scratch/opts.json"}
    wanted |= {f"{STORE}/imagedb/content/sha256/{roots.IMAGE}"}
    wanted |= {f"{STORE}/layerdb/sha256/{one}/tar-split.json.gz" for one in (roots.CHAIN_BASE, roots.CHAIN_TOP)}
    assert set(found.files) == {name.removeprefix(f"{DOCKER}/") for name in wanted}
    assert set(found.layers) == {roots.CHAIN_BASE, roots.CHAIN_TOP}
    assert found.mounts[roots.WEB].mount_id == roots.MOUNT


def test_a_healthy_root_reads_nothing_of_its_backup(top: Path) -> None:
    """A scan of a root with a backup opens only the file with the engine's identity, and the newest list."""
    take(top)
    metadata = top / "var/lib/doctor/metadata"
    lists = sorted(f"/{path.relative_to(top)}" for path in metadata.glob("*.json"))
    host = Reads(str(top))
    scan(host, CATALOG, CATALOG.choose(("state",), ()), deep=True)
    assert sorted(name for name in host.names if "/var/lib/doctor" in name) == lists
    assert len(lists) == len(("confirmed", "the newest"))


def test_a_sick_or_half_seen_root_is_not_healthy(top: Path) -> None:
    """Damage, a check that was left out, and a check that could not look: no backup of any of these."""
    ids = [name for name in CATALOG.checks if name.startswith("state/")]
    found = scan(RootHost(str(top)), CATALOG, ids[1:])
    assert not backup.is_healthy(found.findings, found.outcomes, CATALOG.checks)
    (top / TAGS).write_bytes(b"")
    found = scan(RootHost(str(top)), CATALOG, ids)
    assert not backup.is_healthy(found.findings, found.outcomes, CATALOG.checks)


def test_a_database_that_never_holds_still_keeps_its_older_copy(top: Path) -> None:
    """A running engine commits during each read: the earlier copy is kept, and a note says so."""
    take(top)
    database = top / DOCKER / "volumes/metadata.db"

    class Writes(RootHost):
        looks = 0

        def read(self, path: Any, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
            data = super().read(path, follow=follow, limit_bytes=limit_bytes)
            if path.endswith("volumes/metadata.db"):
                Writes.looks += 1
                return data[: -Writes.looks]
            return data

    facts = Facts(RootHost(str(top)))
    os.utime(database, (1, 1))
    before = generations(top)[0].files["volumes/metadata.db"]
    notes = backup.take(Writes(str(top)), facts.get, KeepMetadata(), directory=str(top / "var/lib/doctor"))
    assert len(notes) == 1
    assert "it changed each time it was read" in notes[0]
    assert generations(top)[0].files["volumes/metadata.db"] == before
    assert take(top) == ((), ["/" + str(database.relative_to(top))] * 2)


def test_what_the_root_holds_is_never_followed_out_of_it(top: Path, tmp_path: Path) -> None:
    """A link, a FIFO and a directory in place of a file: none is kept, and nothing hangs."""
    secret = tmp_path / "secret"
    secret.write_text("outside")
    split = top / STORE / f"layerdb/sha256/{roots.CHAIN_TOP}/tar-split.json.gz"
    facts = Facts(RootHost(str(top)))
    for fact in (Layers, Containers, Images):
        facts.get(fact)
    split.unlink()
    split.symlink_to(secret)
    (top / CONFIG).unlink()
    os.mkfifo(top / CONFIG)
    backup.take(facts.host, facts.get, KeepMetadata(), directory=str(top / "var/lib/doctor"))
    found = generations(top)[0]
    assert f"containers/{roots.WEB}/config.v2.json" not in found.files
    assert f"image/overlay2/layerdb/sha256/{roots.CHAIN_TOP}/tar-split.json.gz" not in found.files


def test_lists_are_read_back_merged(top: Path) -> None:
    """The backup adds tags, networks and volumes that the root lacks, but never a removed image or volume."""
    take(top)
    for name in (TAGS, f"{DOCKER}/network/files/local-kv.db", f"{DOCKER}/volumes/metadata.db"):
        (top / name).write_bytes(b"x")
    shutil.rmtree(top / DOCKER / "volumes/data")
    assert get(top, KeptTags).entries == {"app:latest": f"sha256:{roots.IMAGE}"}
    assert get(top, KeptNetworks).names == {roots.MESH: "mesh"}
    assert list(get(top, KeptVolumes).values) == [b"scratch"]
    (top / DOCKER / "containers").rename(top / "gone")
    (top / STORE / f"imagedb/content/sha256/{roots.IMAGE}").unlink()
    assert get(top, KeptTags).entries == {"app:latest": f"sha256:{roots.IMAGE}"}
    shutil.rmtree(top / STORE / f"layerdb/sha256/{roots.CHAIN_TOP}")
    assert get(top, KeptTags).entries == {}


def test_what_the_root_itself_shows_wins_over_the_backup(top: Path) -> None:
    """A name that moved since, complete in the truncated file, stays moved; a network record with a higher index
    stays.
    """
    take(top)
    moved = f"sha256:{roots.hex_id('moved')}"
    (top / TAGS).write_text('{"Repositories":{"app":{"app:latest":"%s","app:' % moved)  # noqa: UP031 - braces
    facts = Facts(RootHost(str(top)))
    found = recover_tags(facts.get(Images), facts.get(Containers), facts.get(KeptTags))
    assert found.entries == {"app:latest": moved}
    assert found.kept == ()
    key, newer = roots.network_record(9, "renamed", roots.MESH)
    other = roots.hex_id("network new")
    extra = dict([roots.network_record(10, "new", other)])
    (top / DOCKER / "network/files/local-kv.db").write_bytes(b"x")
    database = replace(facts.get(NetworkDatabase), salvaged={key: newer, **extra})
    kept = get(top, KeptNetworks)
    assert kept.merged(database).salvaged == {key: newer, **extra}
    assert kept.added(database) == ()
    assert kept.added(replace(database, salvaged=extra)) == ("mesh",)


def test_a_recreated_volume_keeps_its_own_options(top: Path) -> None:
    """A record of another volume of the same name is rejected."""
    take(top)
    (top / DOCKER / "volumes/metadata.db").write_bytes(b"x")
    (top / DOCKER / "volumes/scratch/opts.json").write_text('{"MountType":"nfs","MountOpts":"","MountDevice":":/x"}')
    assert list(get(top, KeptVolumes).values) == [b"data"]


def test_files_and_tar_splits_are_restored_whole(top: Path) -> None:
    """Only for damaged files, each with its age; an older backup is used if the newest has the damage."""
    take(top)
    original = (top / CONFIG).read_bytes()
    split = top / STORE / f"layerdb/sha256/{roots.CHAIN_TOP}/tar-split.json.gz"
    whole = split.read_bytes()
    split.write_bytes(altered_split())
    assert get(top, KeptTarSplits).items[roots.CHAIN_TOP].content == whole
    # In the newest backup too, which no healthy scan took: then only --deep sees it, as the ends of it look whole.
    facts = Facts(RootHost(str(top)))
    assert backup.take(facts.host, facts.get, KeepMetadata(), directory=str(top / "var/lib/doctor")) == ()
    assert list(get(top, DeepTarSplits).items.values())[0].content == whole  # noqa: RUF015 - its only one
    split.unlink()
    assert get(top, KeptTarSplits).items[roots.CHAIN_TOP].content == whole
    (top / CONFIG).write_bytes(original[:50])
    found = get(top, MetadataBackup)
    assert found.files[f"/{CONFIG}"].content == original
    assert found.files[f"/{CONFIG}"].age == "made just now"
    assert "content" not in repr(found.files[f"/{CONFIG}"])
    assert f"/{DOCKER}/containers/{roots.WEB}/hostconfig.json" not in found.files


def test_another_roots_backup_is_not_used(top: Path) -> None:
    """A root is recognized without its engine-id; another root in its place, or a writable one, has no backup."""
    take(top)
    (top / TAGS).write_bytes(b"")
    damage = ("", "no id of any engine", ENGINE_ONE.replace("f", "g"), ENGINE_ONE.replace("7", "6", 1), ENGINE_TWO)
    for damaged in damage:
        (top / DOCKER / "engine-id").write_text(damaged)
        assert get(top, KeptTags).entries
    (top / DOCKER / "engine-id").unlink()
    assert get(top, KeptTags).entries
    (top / DOCKER).rename(top / "away")
    (top / STORE).mkdir(parents=True)
    (top / TAGS).write_bytes(b"")
    (top / DOCKER / "engine-id").write_text(ENGINE_TWO)
    for parent in ("overlay2", "containers"):
        for number in range(3):
            (top / DOCKER / parent / roots.hex_id(f"{parent} {number}")).mkdir(parents=True)
    assert isinstance(get(top, KeptTags), Missing)
    shutil.rmtree(top / DOCKER)
    (top / "away").rename(top / DOCKER)
    (top / "var/lib/doctor/metadata").chmod(0o777)
    assert isinstance(get(top, KeptTags), Missing)
    (top / "var/lib/doctor/metadata").chmod(0o700)
    (top / DOCKER / "engine-id").write_text(ENGINE_ONE)
    assert get(top, KeptTags).entries


def test_nothing_in_the_store_makes_a_scan_fail(top: Path) -> None:
    """A file in place of the store, a truncated list, a list of lists: a note or no backup, never an exception."""
    take(top)
    metadata = top / "var/lib/doctor/metadata"
    for path in metadata.glob("*.json"):
        path.write_bytes(b"[" * 100_000)
    (top / TAGS).write_bytes(b"")
    assert isinstance(get(top, KeptTags), Missing)
    shutil.rmtree(metadata)
    metadata.write_text("in the way")
    assert isinstance(get(top, KeptTags), Missing)
    facts = Facts(RootHost(str(top)))
    notes = backup.take(facts.host, facts.get, KeepMetadata(), directory=str(top / "var/lib/doctor"))
    assert len(notes) == 1
    assert "metadata" in notes[0]


def test_twenty_containers_cost_little(top: Path) -> None:
    """The budget of an unchanged root: below 15 ms of CPU for 20 containers."""
    tree = roots.Tree()
    for number in range(20):
        name = f"c{number}"
        roots.put_container(tree, name, roots.config_of(name, roots.hex_id(f"container {name}")), roots.host_config())
    tree.write(top)
    facts = Facts(RootHost(str(top)))
    where = str(top / "var/lib/doctor")
    backup.take(facts.host, facts.get, KeepMetadata(), directory=where)
    within(0.015, lambda: backup.take(facts.host, facts.get, KeepMetadata(), directory=where), tries=20)


@pytest.mark.parametrize("where", ["var/lib/doctor", "var/lib/doctor/metadata", "list", "blob"])
@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_what_others_can_write_is_no_backup(top: Path, where: str, mode: int) -> None:
    """A parent directory, a list, a content: a user who can write one of them could make root write anything."""
    take(top)
    metadata = top / "var/lib/doctor/metadata"
    (top / TAGS).write_bytes(b"")
    assert get(top, KeptTags).entries
    digest = generations(top)[0].files["image/overlay2/repositories.json"].digest
    path = {"list": next(metadata.glob("0*.json")), "blob": metadata / "blobs" / digest}.get(where, top / where)
    path.chmod(mode)
    assert isinstance(get(top, KeptTags), Missing)
    path.chmod(0o700)
    assert get(top, KeptTags).entries


def test_a_backup_is_not_taken_where_others_can_write(top: Path) -> None:
    """The message has the reason and the remedy."""
    take(top)
    (top / "var/lib/doctor/metadata").chmod(0o777)
    facts = Facts(RootHost(str(top)))
    notes = backup.take(facts.host, facts.get, KeepMetadata(), directory=str(top / "var/lib/doctor"))
    assert len(notes) == 1
    assert "may have written it" in notes[0]
    assert "chmod go-w" in notes[0]


def test_a_clock_that_went_back_is_noted(top: Path) -> None:
    """The backup is confirmed, nothing is removed, and its age is correct."""

    class In2038(RootHost):
        def now(self) -> float:
            return 2_147_483_647.0

    where = str(top / "var/lib/doctor")
    facts = Facts(In2038(str(top)))
    assert backup.take(facts.host, facts.get, KeepMetadata(), directory=where) == ()
    notes, _ = take(top)
    assert notes[0].startswith("the clock went back: it was 2038-01-19")
    assert len(generations(top)) == 1
    assert take(top)[0] == ()
    (top / CONFIG).write_bytes(b"{")
    age = get(top, MetadataBackup).files[f"/{CONFIG}"].age
    assert age == "made just now", "a scan of now has seen that it holds"
    (top / "var/lib/doctor/metadata/confirmed.json").unlink()
    age = get(top, MetadataBackup).files[f"/{CONFIG}"].age
    assert age.startswith("saved at 2038-01-19 03:14 UTC, which is later than this host's clock")


@pytest.mark.parametrize(
    ("data", "is_kept"),
    [(b'{"a": 1}\n', True), (b'[{"NodeID": "n"}]\n', True), (b'[{"NodeID"', False), (b'{"a"', False), (b"\0\0", False)],
)
def test_a_list_is_a_whole_file_too(tmp_path: Path, data: bytes, is_kept: bool) -> None:
    """A JSON file ends with its object or its list; the state of a swarm's peers is a list."""
    (tmp_path / "state.json").write_bytes(data)
    host, path = RootHost(str(tmp_path)), HostPath("/state.json")
    with nullcontext() if is_kept else pytest.raises(UnsteadyError):
        assert read_steady(host, "swarm/state.json", path, host.lstat(path)) == data
