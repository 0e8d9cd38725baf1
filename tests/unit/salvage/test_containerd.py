"""The containerd store: images by its records, images by its blobs alone, and hostile stores."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from doctor.host.recorded import RootHost
from doctor.salvage.results import SalvageOutcome
from doctor.salvage.salvaging import Wish, salvage

STORE = "var/lib/docker/containerd/daemon"
INDEX = "application/vnd.oci.image.index.v1+json"


class Contents:
    """A containerd directory with blobs and records."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.blobs = top / STORE / "io.containerd.content.v1.content/blobs/sha256"
        self.blobs.mkdir(parents=True)
        self.names: dict[str, str] = {}

    def blob(self, content: bytes | dict[str, Any]) -> str:
        """Write a blob; return its digest."""
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        digits = sha256(raw).hexdigest()
        (self.blobs / digits).write_bytes(raw)
        return f"sha256:{digits}"

    def path(self, digest: str) -> Path:
        """Where a blob is."""
        return self.blobs / digest[7:]

    def manifest(self, layer: bytes = b"layer") -> str:
        """Write an image of one layer; return the digest of its manifest."""
        config = {"digest": self.blob({"os": "linux", "of": layer.decode()})}
        return self.blob({"schemaVersion": 2, "config": config, "layers": [{"digest": self.blob(layer)}]})

    def index(self, *manifests: str) -> str:
        """Write an index of manifests."""
        return self.blob({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"digest": one} for one in manifests]})

    def save(self, **names: str) -> None:
        """Write meta.db."""
        images = {
            name.encode(): Bucket(buckets={b"target": Bucket(keys={b"digest": digest.encode()})})
            for name, digest in names.items()
        }
        namespace = Bucket(buckets={b"images": Bucket(buckets=images)})
        root = Bucket(buckets={b"v1": Bucket(buckets={b"moby": namespace})})
        path = self.top / STORE / "io.containerd.metadata.v1.bolt/meta.db"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(write(root))

    def salvaged(self, to: Path) -> SalvageOutcome:
        """Salvage all."""
        return salvage(RootHost(str(self.top)), Wish(to=str(to)), lambda _: None)


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return Contents(tmp_path / "host")


def test_images_by_their_records(contents: Contents, tmp_path: Path) -> None:
    """A manifest and an index of two platforms, of which one was pulled: named as people name them, digests kept."""
    plain, pulled = contents.manifest(b"one"), contents.manifest(b"two")
    index = contents.index("sha256:" + "a" * 64, pulled)
    contents.save(**{"docker.io/library/app:1": plain, "docker.io/me/web:latest": index})
    outcome = contents.salvaged(tmp_path / "out")
    assert (outcome.exit_code, outcome.left, outcome.notes) == (0, (), ())
    assert {image.names: f"sha256:{image.id}" for image in outcome.images} == {
        ("app:1",): plain,
        ("me/web:latest",): index,
    }
    listed = json.loads((tmp_path / "out/index.json").read_bytes())["manifests"]
    assert {(entry["digest"], entry["mediaType"]) for entry in listed} >= {(index, INDEX)}


@pytest.mark.parametrize("database", [None, b"", b"\x00" * 16384, b"garbage" * 3000])
def test_images_without_records(contents: Contents, tmp_path: Path, database: bytes | None) -> None:
    """Their names are lost, with a note; a manifest of an index is not a separate image."""
    plain, pulled = contents.manifest(b"one"), contents.manifest(b"two")
    index = contents.index(pulled)
    contents.save()
    path = contents.top / STORE / "io.containerd.metadata.v1.bolt/meta.db"
    if database is None:
        path.unlink()
    else:
        path.write_bytes(database)
    outcome = contents.salvaged(tmp_path / "out")
    assert {f"sha256:{image.id}" for image in outcome.images} == {plain, index}
    assert "have lost their names" in outcome.notes[0]


def test_what_is_damaged_is_left_out(contents: Contents, tmp_path: Path) -> None:
    """An altered layer, a missing one, an altered manifest, a link and a directory in place of a blob."""
    digests = {
        name: contents.manifest(name.encode()) for name in ("good", "altered", "gone", "broken", "linked", "dir")
    }
    contents.save(**{f"docker.io/library/{name}:1": digest for name, digest in digests.items()})
    layer = {name: contents.blobs / sha256(name.encode()).hexdigest() for name in digests}
    layer["altered"].write_bytes(b"other")
    layer["gone"].unlink()
    contents.path(digests["broken"]).write_bytes(b"{}")
    (tmp_path / "outside").write_bytes(b"linked")
    layer["linked"].unlink()
    layer["linked"].symlink_to(tmp_path / "outside")
    layer["dir"].unlink()
    layer["dir"].mkdir()
    outcome = contents.salvaged(tmp_path / "out")
    assert [image.names for image in outcome.images] == [("good:1",)]
    assert {left.name for left in outcome.left} == {"altered:1", "gone:1", "broken:1", "linked:1", "dir:1"}
    assert outcome.exit_code == 1


@pytest.mark.parametrize(
    "document",
    [
        {"manifests": [{"digest": "sha256:../../../../engine-id"}, {"digest": 7}, 9, None]},
        {"config": {"digest": "sha512:" + "0" * 128}, "layers": [{"digest": "sha256:" + "0" * 64}]},
        {"config": "no", "layers": {"a": 1}},
        {"manifests": {"digest": "x"}},
        {},
    ],
    ids=["climbing", "other-digest", "wrong-types", "no-list", "empty"],
)
def test_hostile_manifests(contents: Contents, tmp_path: Path, document: dict[str, Any]) -> None:
    """Digests that are paths, numbers and nothing: a reason, never an exception."""
    contents.save(
        **{"docker.io/library/bad:1": contents.blob(document), "docker.io/library/good:1": contents.manifest()}
    )
    outcome = contents.salvaged(tmp_path / "out")
    assert [image.names for image in outcome.images] == [("good:1",)]
    assert [left.name for left in outcome.left] == ["bad:1"]


def test_deep_indexes_end(contents: Contents, tmp_path: Path) -> None:
    """An index of an index, ten deep: no engine creates that."""
    here = contents.manifest()
    for _ in range(10):
        here = contents.index(here)
    contents.save(**{"docker.io/library/deep:1": here})
    assert contents.salvaged(tmp_path / "out").images == ()
