"""A data root is written by whoever controls a container or an image: nothing in it leads a scan out, hangs it or breaks it."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doctor.host.recorded import RootHost
from doctor.model.outcome import Result
from doctor.plugins.load import load
from doctor.scan.run import Scan, scan
from tests.cases.roots import BASE, CHAIN_TOP, IMAGE, MOUNT, PARTS, ROOT, STORE, TOP, WEB, build
from tests.clocks import within

CATALOG = load()
IDS = CATALOG.choose(("state",), ())
FILES = [name for name, content in build(*PARTS).entries.items() if isinstance(content, bytes)]
DIRECTORIES = [
    f"{ROOT}/containers",
    f"{ROOT}/containers/{WEB}",
    f"{STORE}/layerdb/sha256",
    f"{STORE}/layerdb/sha256/{CHAIN_TOP}",
    f"{STORE}/layerdb/mounts/{WEB}",
    f"{ROOT}/overlay2",
    f"{ROOT}/overlay2/l",
    f"{ROOT}/overlay2/{TOP.directory}",
    f"{ROOT}/overlay2/{BASE.directory}/diff",
    f"{ROOT}/overlay2/{MOUNT}",
    f"{ROOT}/volumes",
    f"{ROOT}/volumes/scratch",
    f"{ROOT}/buildkit",
    f"{ROOT}/network",
]


def planted(path: Path, kind: str) -> None:
    """Put something hostile at a path."""
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(path.name + ".was"))
    else:
        path.unlink(missing_ok=True)
    match kind:
        case "loop":
            path.symlink_to(path.name)
        case "outside":
            path.symlink_to("/etc")
        case "up":
            path.symlink_to("../" * 30 + "etc/passwd")
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "device":
            os.mknod(path, 0o20644, os.makedev(1, 8))
        case "huge":
            with path.open("wb") as stream:
                stream.truncate(1 << 40)
        case "deep":
            path.write_bytes(b"[" * 100_000)
        case "binary":
            path.write_bytes(bytes(range(256)) * 20)


KINDS = ("loop", "outside", "up", "fifo", "directory", "device", "huge", "deep", "binary")


def examine(top: Path) -> Scan:
    """Scan a tree's state, as --deep does."""
    return scan(RootHost(str(top)), CATALOG, IDS, deep=True)


def crashed(found: Scan) -> list[str]:
    """Outcomes of checks that failed with an exception of their own."""
    return [
        f"{outcome.id}: {outcome.reason}"
        for outcome in found.outcomes
        if outcome.result is Result.ERROR and ("Error:" in outcome.reason or ".py:" in outcome.reason)
    ]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_anything_may_lie_where_a_file_belongs(tmp_path: Path, kind: str) -> None:
    """Each file in turn: an outcome or a finding, at once, and nothing from outside in it. A read that never ends meets the time limit."""
    for number, name in enumerate(FILES):
        top = tmp_path / str(number)
        build(*PARTS).write(top)
        planted(top / name, kind)
        found = within(5, partial(examine, top), tries=3)
        assert crashed(found) == [], name
        assert "root:x:0" not in repr(found.findings), name


@pytest.mark.parametrize("kind", ["loop", "outside", "up", "fifo", "binary"])
def test_anything_may_lie_where_a_directory_belongs(tmp_path: Path, kind: str) -> None:
    """Each directory in turn, links out of the root among them."""
    for number, name in enumerate(DIRECTORIES):
        top = tmp_path / str(number)
        build(*PARTS).write(top)
        planted(top / name, kind)
        found = examine(top)
        assert crashed(found) == [], name
        assert "root:x:0" not in repr(found.findings), name


@given(name=st.sampled_from(FILES), data=st.binary(max_size=400), position=st.integers(0, 3000))
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_in_any_file(tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes, position: int) -> None:
    """Overwritten anywhere with anything."""
    top = tmp_path_factory.mktemp("root")
    build(*PARTS).write(top)
    old = (top / name).read_bytes()
    at = min(position, len(old))
    (top / name).write_bytes(old[:at] + data + old[at + len(data) :])
    assert crashed(examine(top)) == []


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8, blanks and control characters in names give no error."""
    build(*PARTS).write(tmp_path)
    for name in (b"\xff\xfe", b"a b", b"\x1b[31mred", b"-rf"):
        for where in (ROOT, f"{ROOT}/volumes", f"{ROOT}/containers", f"{ROOT}/overlay2", f"{ROOT}/overlay2/l"):
            os.mkdir(os.fsencode(tmp_path / where) + b"/" + name)
    assert crashed(examine(tmp_path)) == []


def _circle(top: Path) -> None:
    """Two layer directories without a record stand on each other."""
    for one, other in ((f"{1:064x}", f"{2:064x}"), (f"{2:064x}", f"{1:064x}")):
        path = top / ROOT / "overlay2" / one
        (path / "diff").mkdir(parents=True)
        (path / "link").write_text(("A" if one < other else "B") * 26)
        (path / "lower").write_text("l/" + ("B" if one < other else "A") * 26)


def _self_claim(top: Path) -> None:
    """Both layers claim one directory."""
    (top / STORE / "layerdb/sha256" / CHAIN_TOP / "cache-id").write_text(BASE.directory)


def _many_layers(top: Path) -> None:
    """An image config of a hundred thousand layers."""
    digest = '"sha256:' + "0" * 64 + '"'
    text = '{"rootfs":{"diff_ids":[' + ",".join([digest] * 100_000) + "]}}"
    (top / STORE / "imagedb/content/sha256" / IMAGE).write_text(text)


@pytest.mark.parametrize("change", [_circle, _self_claim, _many_layers])
def test_structures_that_no_engine_makes(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """Circles, double claims and endless lists end, each in a second or two."""
    build(*PARTS).write(tmp_path)
    change(tmp_path)
    assert crashed(within(3, partial(examine, tmp_path), tries=3)) == []
