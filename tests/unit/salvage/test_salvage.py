"""Proven, written and skipped images on roots of every driver and on hostile roots."""

import gzip
import json
import os
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from doctor import IS_ONE_FILE
from doctor.engines.docker.salvage.store import PLACES
from doctor.history import backup
from doctor.host.recorded import RootHost
from doctor.model.errors import RefusedError, UsageError
from doctor.salvage.results import SalvageOutcome
from doctor.salvage.salvaging import Wish, salvage
from doctor.scan.resolve import Facts
from doctor.state.settings import KeepMetadata
from tests.unit.salvage.roots import MadeRoot, entry, raw, tar_of

BASE = {"a": b"first", "etc/b": bytes(range(256)) * 40}
NEXT = {"etc/c": b"second\n"}


def made(top: Path, driver: str = "overlay2") -> tuple[MadeRoot, str, str, str]:
    """A root with ``app:1`` of two layers and ``base:1`` of the first; with their ids, and the chain of the second layer."""
    root = MadeRoot(top / "host", driver)
    lower, chain = root.layer(1, BASE)
    upper, second = root.layer(2, NEXT, chain)
    base = root.image([lower], "base:1")
    return root, root.image([lower, upper], "app:1", "me/app:latest"), base, second


def done(root: MadeRoot, to: Path, *images: str, unproven: bool = False, compress: bool = False) -> SalvageOutcome:
    """Salvage it."""
    wish = Wish(to=str(to), images=images, unproven=unproven, compress=compress)
    return salvage(RootHost(str(root.top)), wish, lambda _: None)


def blob(to: Path, digest: str) -> bytes:
    """A blob of the layout, checked against its digest."""
    content = (to / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert sha256(content).hexdigest() == digest.removeprefix("sha256:")
    return content


def test_a_tar_of_another_host_is_not_replaced(tmp_path: Path) -> None:
    """One of its own is written again; one that lies there may be the only copy of what is on another disk."""
    tar = tmp_path / "images.tar"
    first, *_ = made(tmp_path / "one")
    second, *_ = made(tmp_path / "two", "vfs")

    def archived(root: MadeRoot, to: str) -> None:
        salvage(RootHost(str(root.top)), Wish(to=str(tmp_path / to), tar=str(tar)), lambda _: None)

    archived(first, "out1")
    content = tar.read_bytes()
    archived(first, "out1")
    assert tar.read_bytes() == content
    with pytest.raises(RefusedError, match="the file exists"):
        archived(second, "out2")
    assert tar.read_bytes() == content
    tar.unlink()
    archived(second, "out2")
    assert tar.stat().st_size


@pytest.mark.parametrize("driver", sorted(PLACES))
def test_images_of_every_driver(driver: str, tmp_path: Path) -> None:
    """The layer's tar comes out byte for byte; ids and names are those of the engine."""
    root, app, base, _ = made(tmp_path, driver)
    outcome = done(root, tmp_path / "out")
    assert (outcome.exit_code, outcome.left) == (0, ())
    assert {image.id: image.names for image in outcome.images} == {app: ("app:1", "me/app:latest"), base: ("base:1",)}
    index = json.loads((tmp_path / "out/index.json").read_bytes())
    assert len(index["manifests"]) == 3
    manifest = json.loads(blob(tmp_path / "out", index["manifests"][0]["digest"]))
    assert manifest["config"]["digest"] == f"sha256:{app}"
    assert [blob(tmp_path / "out", layer["digest"]) for layer in manifest["layers"]] == [
        tar_of(BASE)[0],
        tar_of(NEXT)[0],
    ]


def test_compressed_layers_say_so(tmp_path: Path) -> None:
    """Gzip of the same tar; a second run, compressed or not, writes no layer again."""
    root, app, *_ = made(tmp_path)
    first = done(root, tmp_path / "out", "app:1", compress=True)
    manifest = json.loads(blob(tmp_path / "out", first.images[0].manifest.digest))
    assert {layer["mediaType"] for layer in manifest["layers"]} == {"application/vnd.oci.image.layer.v1.tar+gzip"}
    assert [gzip.decompress(blob(tmp_path / "out", layer["digest"])) for layer in manifest["layers"]] == [
        tar_of(BASE)[0],
        tar_of(NEXT)[0],
    ]
    again = done(root, tmp_path / "out", "app:1")
    assert again.bytes_written == 0
    assert again.images[0].id == app


DAMAGES = {
    "one byte": (lambda root, _: (root.directory(2) / "etc/c").write_bytes(b"sEcond\n"), "altered: etc/c"),
    "longer": (lambda root, _: (root.directory(2) / "etc/c").write_bytes(b"second\n!"), "is larger than its 7"),
    "shorter": (lambda root, _: (root.directory(2) / "etc/c").write_bytes(b"sec"), "has 3 of its 7 bytes"),
    "gone": (lambda root, _: (root.directory(2) / "etc/c").unlink(), "its file etc/c is missing"),
    "no split": (lambda root, chain: root.split(chain).unlink(), "its tar-split is missing"),
    "truncated split": (lambda root, chain: os.truncate(root.split(chain), 30), "its tar-split is corrupt"),
    "empty split": (lambda root, chain: os.truncate(root.split(chain), 0), "its tar-split is corrupt"),
}


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_what_is_not_proven_is_left_out(name: str, tmp_path: Path) -> None:
    """The image with the damaged layer is skipped with its reason, the other one stays; none of its blobs is
    written.
    """
    root, app, base, chain = made(tmp_path)
    damage, reason = DAMAGES[name]
    damage(root, chain)
    outcome = done(root, tmp_path / "out")
    assert [image.id for image in outcome.images] == [base]
    assert [left.name for left in outcome.left] == ["app:1"]
    assert reason in outcome.left[0].reason
    assert outcome.exit_code == 1
    assert app not in os.listdir(tmp_path / "out/blobs/sha256")


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_what_is_not_proven_comes_marked_on_request(name: str, tmp_path: Path) -> None:
    """Under another id and another name, with the reason: it can't be taken for the original image."""
    root, app, base, chain = made(tmp_path)
    DAMAGES[name][0](root, chain)
    outcome = done(root, tmp_path / "out", unproven=True)
    marked = next(image for image in outcome.images if image.unproven)
    assert marked.id not in {app, base}
    assert (marked.original, marked.names) == (app, ("app:1-unproven", "me/app:latest-unproven"))
    config = json.loads(blob(tmp_path / "out", marked.config.digest))
    assert config["rootfs"]["diff_ids"] == [layer.diff for layer in marked.layers]
    assert config["config"] == {"Cmd": ["/a"]}
    assert outcome.exit_code == 1
    with tarfile.open(tmp_path / "out/blobs/sha256" / marked.layers[1].digest[7:]) as tar:
        assert set(tar.getnames()) <= {"etc", "etc/c", "."}


def test_a_lost_directory_is_found_by_its_content(tmp_path: Path) -> None:
    """A record without cache-id: the one directory that makes the layer's digest is the layer's."""
    root, app, base, chain = made(tmp_path)
    (root.split(chain).parent / "cache-id").write_bytes(b"")
    assert {image.id for image in done(root, tmp_path / "out").images} == {app, base}


def test_a_config_with_another_hash_is_no_image(tmp_path: Path) -> None:
    """Lost bytes can't be restored; the tag and the reason are reported."""
    root, app, base, _ = made(tmp_path)
    (root.store / "imagedb/content/sha256" / app).write_bytes(b"{}")
    outcome = done(root, tmp_path / "out", unproven=True)
    assert [image.id for image in outcome.images] == [base]
    assert outcome.left[0].name == "app:1"
    assert "its config is lost: its hash is" in outcome.left[0].reason


def hostile_link(root: MadeRoot, chain: str) -> None:
    secret = root.top.parent / "secret"
    secret.write_bytes(b"second\n")
    (root.directory(2) / "etc/c").unlink()
    (root.directory(2) / "etc/c").symlink_to(secret)


def hostile_directory(root: MadeRoot, chain: str) -> None:
    (root.top.parent / "elsewhere").mkdir()
    (root.top.parent / "elsewhere/c").write_bytes(b"second\n")
    (root.directory(2) / "etc/c").unlink()
    (root.directory(2) / "etc").rmdir()
    (root.directory(2) / "etc").symlink_to(root.top.parent / "elsewhere")


def hostile_fifo(root: MadeRoot, chain: str) -> None:
    (root.directory(2) / "etc/c").unlink()
    os.mkfifo(root.directory(2) / "etc/c")


def hostile_split_fifo(root: MadeRoot, chain: str) -> None:
    root.split(chain).unlink()
    os.mkfifo(root.split(chain))


def hostile_split_loop(root: MadeRoot, chain: str) -> None:
    root.split(chain).unlink()
    root.split(chain).symlink_to("tar-split.json.gz")


def hostile_name(root: MadeRoot, chain: str) -> None:
    root.split(chain).write_bytes(gzip.compress(raw(bytes(512)) + entry("../../../../../engine-id", b"x" * 36)))


def hostile_size(root: MadeRoot, chain: str) -> None:
    root.split(chain).write_bytes(gzip.compress(raw(bytes(512)) + entry("etc/c", b"second\n", 1 << 59)))


def hostile_cache(root: MadeRoot, chain: str) -> None:
    (root.split(chain).parent / "cache-id").write_text("../overlay2/" + f"{2:064x}")


@pytest.mark.parametrize(
    "damage",
    [
        hostile_link,
        hostile_directory,
        hostile_fifo,
        hostile_split_fifo,
        hostile_split_loop,
        hostile_name,
        hostile_size,
    ],
    ids=lambda function: function.__name__,
)
def test_a_hostile_layer_leads_nowhere(damage: object, tmp_path: Path) -> None:
    """Links out, FIFOs, names that climb, sizes of an exabyte: left out, without a hang, and the others are written."""
    root, _, base, chain = made(tmp_path)
    assert callable(damage)
    damage(root, chain)
    outcome = done(root, tmp_path / "out")
    assert [image.id for image in outcome.images] == [base]
    assert outcome.left[0].reason


def test_a_cache_id_that_climbs_is_not_followed(tmp_path: Path) -> None:
    """It is not a directory's name; the directory is found by its content instead."""
    root, app, base, chain = made(tmp_path)
    hostile_cache(root, chain)
    assert {image.id for image in done(root, tmp_path / "out").images} == {app, base}


def test_names_choose_images(tmp_path: Path) -> None:
    """By name, by an id prefix, and not by an ambiguous prefix; a later choice adds to the layout."""
    root, app, base, _ = made(tmp_path)
    assert [image.id for image in done(root, tmp_path / "out", "docker.io/library/base:1").images] == [base]
    assert [image.id for image in done(root, tmp_path / "out", app[:8]).images] == [app]
    index = json.loads((tmp_path / "out/index.json").read_bytes())
    assert len(index["manifests"]) == 3, "what was salvaged before is still in the layout"
    with pytest.raises(UsageError, match="no image 'nosuch'"):
        done(root, tmp_path / "out", "nosuch")


def test_targets_that_are_refused(tmp_path: Path) -> None:
    """A target inside the root, also through a link, or writable by others."""
    root, *_ = made(tmp_path)
    (tmp_path / "link").symlink_to(root.data)
    for to in (root.data / "out", tmp_path / "link/out", root.top):
        with pytest.raises(RefusedError, match="where nothing is written"):
            done(root, to)
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(RefusedError, match="others can write"):
        done(root, tmp_path / "open")
    assert not (root.data / "out").exists()


def test_links_in_a_target_are_not_written_through(tmp_path: Path) -> None:
    """A link where a blob or the list belongs is replaced; its target keeps its content."""
    root, *_ = made(tmp_path)
    done(root, tmp_path / "out")
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("index.json", "blobs/sha256/" + sha256(tar_of(BASE)[0]).hexdigest()):
        (tmp_path / "out" / name).unlink()
        (tmp_path / "out" / name).symlink_to(victim)
    assert done(root, tmp_path / "out").exit_code == 0
    assert victim.read_text() == "mine"
    assert not (tmp_path / "out/index.json").is_symlink()


def test_a_metadata_backup_is_one_more_source(tmp_path: Path) -> None:
    """tar-split, config and names that only the backup has: proven by their digests as always."""
    root, app, base, chain = made(tmp_path)
    host = RootHost(str(root.top))
    (root.top / "var/lib/doctor").mkdir(mode=0o700)
    backup.take(host, Facts(host).get, KeepMetadata(), directory=str(root.top / "var/lib/doctor"))
    os.truncate(root.split(chain), 20)
    (root.store / "imagedb/content/sha256" / base).write_bytes(b"")
    (root.store / "repositories.json").write_bytes(b"")
    outcome = done(root, tmp_path / "out")
    assert {image.id: image.names for image in outcome.images} == {app: ("app:1", "me/app:latest"), base: ("base:1",)}
    assert "from the backup" in outcome.notes[0]
    assert outcome.exit_code == 0


def peak_kib(root: MadeRoot, to: Path, *options: str) -> int:
    """Peak memory of the installed command during a salvage.

    VmHWM is the process's own; ru_maxrss begins with that of the one that started it, which here is larger than any salvage.
    """
    script = (
        "import sys; from doctor.cli.app import run; code = run(sys.argv[1:]);"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))); sys.exit(code)"
    )
    command = [sys.executable, "-c", script, "salvage", "--quiet", "--root", str(root.top), "--to", str(to), *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    return int(ran.stdout.split()[-1])


@pytest.mark.timeout(60)
def test_memory_does_not_grow_with_a_layer(tmp_path: Path) -> None:
    """A layer of 96 MiB takes as much memory as one of 1 MiB: written, found there again, compressed, and put into a tar."""
    variants: dict[str, tuple[str, ...]] = {
        "written": (),
        "kept": (),
        "packed": ("--compress", "--tar", str(tmp_path / "packed.tar")),
    }
    peaks: dict[str, list[int]] = {name: [] for name in variants}
    for size in (1 << 20, 96 << 20):
        root = MadeRoot(tmp_path / f"host{size}")
        diff = root.large_layer(1, "big", size)
        root.image([diff], "big:1")
        (tmp_path / "packed.tar").unlink(missing_ok=True)
        for name, options in variants.items():
            to = tmp_path / f"{'packed' if options else 'plain'}{size}"
            peaks[name].append(peak_kib(root, to, *options))
        assert (to / "blobs/sha256").is_dir()
    kept = 8 if IS_ONE_FILE else 4  # MiB: the file's allocator keeps more of what was freed
    for name, (small, large) in peaks.items():
        assert large < 64 << 10, f"{name}: {large} KiB"
        assert large - small < kept << 10, f"{name}: {small} and {large} KiB"
