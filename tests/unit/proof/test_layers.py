"""Layers are proven and recreated: with a generator of layers that dockerd accepts, and entries broken one by one."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.dataroot import Size, generate
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.formats.crc import crc64
from doctor.host.recorded import RootHost
from doctor.model.paths import HostPath
from doctor.proof.layer import Task, look, new_buffer
from doctor.proof.made_tar import make
from doctor.proof.tar.tar_crc import Crc64
from doctor.proof.tar.tar_split import read
from doctor.proof.tree import open_tree
from doctor.scan.resolve import Facts

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="layers with devices and owners can only be made by root")
ROOT = "var/lib/docker"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with forty layers of all kinds of entries."""
    top = tmp_path_factory.mktemp("generated")
    (top / "var/lib").mkdir(parents=True)
    generate(top / ROOT, Size(images=8, layers=40, containers=1, volumes=0, networks=0))
    return top


@pytest.fixture
def own(generated: Path, tmp_path: Path) -> Path:
    """A copy for a test to break."""
    target = tmp_path / "host"
    os.spawnlp(os.P_WAIT, "cp", "cp", "-a", str(generated), str(target))
    return target


def looked(top: Path) -> LayerContent:
    """The proofs of all layers."""
    found = Facts(RootHost(str(top))).get(LayerContent)
    assert isinstance(found, LayerContent)
    return found


def test_healthy_layers_are_proven(generated: Path) -> None:
    """Digest and headers of each agree."""
    found = looked(generated)
    assert len(found.looks) == 40
    assert [one for one in found.looks.values() if not one.is_proven or one.lost or one.extra] == []
    assert found.gaps == ()


def test_every_layer_is_made_again(generated: Path) -> None:
    """Each directory alone gives the digest and the tar-split that the generator wrote."""
    host = RootHost(str(generated))
    graph = Facts(host).get(LayerGraph)
    assert isinstance(graph, LayerGraph)
    for layer in graph.needed():
        tree = open_tree(host, graph.layers.directory_path(graph.cache[layer.chain], "diff"))
        made, _ = make(tree, layer.diff, new_buffer(), most_bytes=1 << 30)
        tree.close()
        assert made is not None, graph.title(layer.chain)
        kept = host.read(graph.layers.record_path(layer.chain, "tar-split.json.gz"))
        assert list(read([made])) == list(read([kept]))


def first(top: Path, suits: Callable[[Path], bool]) -> Path:
    """The first entry of a layer of an image that suits."""
    graph = Facts(RootHost(str(top))).get(LayerGraph)
    assert isinstance(graph, LayerGraph)
    for layer in graph.needed():
        folder = top / graph.layers.directory_path(graph.cache[layer.chain], "diff").lstrip("/")
        for path in sorted(folder.rglob("*")):
            if suits(path):
                return path
    raise AssertionError("the generator makes no such entry")


def is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size > 0 and path.stat().st_nlink == 1


def is_whiteout(path: Path) -> bool:
    return path.is_char_device() and path.lstat().st_rdev == 0


def is_opaque(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and "trusted.overlay.opaque" in os.listxattr(path)


def has_capability(path: Path) -> bool:
    return is_file(path) and "security.capability" in os.listxattr(path)


def has_twin(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_nlink > 1


def separate(path: Path) -> None:
    """A copy replaces a hard link of the same file."""
    shutil.copy2(path, f"{path}.new")
    os.rename(f"{path}.new", path)


def overwrite(path: Path) -> None:
    """Another content of the same length, at the same time."""
    times = path.stat()
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


BROKEN: list[tuple[str, Callable[[Path], bool], Callable[[Path], object], str]] = [
    ("mode", is_file, lambda path: path.chmod(0o6711), "mode 6711"),
    ("owner", is_file, lambda path: os.chown(path, 4242, 4243), "owner 4242:4243"),
    ("whiteout", is_whiteout, lambda path: path.unlink(), "the file it deletes is visible again"),
    ("opaque", is_opaque, lambda path: os.removexattr(path, "trusted.overlay.opaque"), "opaque mark"),
    ("capability", has_capability, lambda path: os.removexattr(path, "security.capability"), "security.capability lost"),
    ("link", lambda path: path.is_symlink(), lambda path: path.unlink(), "it is missing"),
    ("twin", has_twin, separate, "no longer a hard link"),
    ("planted capability", is_file,
     lambda path: os.setxattr(path, "security.capability", bytes.fromhex("0100000200200000") + bytes(12)), "too much"),
]  # fmt: skip


@pytest.mark.parametrize(("suits", "breaks", "says"), [pytest.param(*row[1:], id=row[0]) for row in BROKEN])
def test_each_loss_is_seen(
    own: Path, suits: Callable[[Path], bool], breaks: Callable[[Path], object], says: str
) -> None:
    """Exactly one entry of one layer, whose content stays proven."""
    breaks(first(own, suits))
    lost = [one for found in looked(own).looks.values() for one in found.lost]
    assert [one.why for one in lost if says in one.why], lost
    assert len(lost) == 1
    assert all(found.is_proven for found in looked(own).looks.values())


def test_an_altered_file_is_named(own: Path) -> None:
    """Same length and same time: only the digest and the checksums reveal it."""
    path = first(own, is_file)
    overwrite(path)
    found = [one for one in looked(own).looks.values() if not one.is_proven]
    assert len(found) == 1
    assert [one.name.decode() for one in found[0].altered] == [str(path).partition("/diff/")[2]]


def test_names_stay_in_the_layer(tmp_path: Path) -> None:
    """A directory that became a link out of the layer is not entered, and what is behind it is not read."""
    (tmp_path / "diff").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/file").write_text("outside")
    (tmp_path / "diff/a").symlink_to("../secret")
    tree = open_tree(RootHost(str(tmp_path)), HostPath("/diff"))
    assert tree.content(b"a/file", 7, new_buffer()) is None
    assert tree.lstat(b"a/file") is None
    tree.close()


def test_what_can_not_be_opened_is_a_gap(tmp_path: Path) -> None:
    """No directory: no verdict."""
    task = Task(chain="c", diff="d", directory="e", top=HostPath("/none"), split=HostPath("/none.gz"), shift=0, size=0)
    found = look(RootHost(str(tmp_path)), task, new_buffer())
    assert found.gap == "/none: no such file or directory"


@given(st.lists(st.binary(max_size=70_000), max_size=4), st.integers(1, 3))
def test_checksums_in_lanes_are_those_byte_by_byte(pieces: list[bytes], times: int) -> None:
    """Any cut gives the same."""
    crc, value = Crc64(), 0
    for piece in pieces:
        crc.update(piece * times)
        value = crc64(piece * times, value)
    assert crc.digest() == value.to_bytes(8, "big")
