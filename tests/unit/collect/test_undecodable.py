"""Whatever a reader can't decode in the engine's own files is a finding on that file, never a gap; and no reader can forget it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.host.recorded import RootHost
from doctor.model.missing import Missing, Why
from doctor.model.paths import HostPath
from doctor.plugins.load import load as load_catalog
from doctor.scan.resolve import Facts
from doctor.scan.run import Scan, scan
from tests.cases.recipe import Recipe
from tests.cases.roots import PARTS, ROOT

CATALOG = load_catalog()
IDS = tuple(CATALOG.choose((), ()))
TORN = {"garbage": b"\xff\x00{[\x13" * 40, "a number": b"7", "half": None, "an array": b'[{"a": 1}]'}
SHOWN_ONLY = {"size": "the engine shows whatever number it is"}
"""Files of which some content says nothing to the engine, by name, and why."""


class Noting(RootHost):
    """A mounted root that notes each file that is opened."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.opened: list[str] = []
        self.seen = self.opened

    def _open(self, path: HostPath, flags: int, *, follow: bool) -> int:
        self.opened.append(path)
        return super()._open(path, flags, follow=follow)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A healthy root with something of everything."""
    Recipe(problem="any", name="healthy", about="", parts=PARTS).case().build(tmp_path / "host").close()
    return tmp_path / "host"


def look(root: Path) -> tuple[Scan, list[str]]:
    """A scan, and the files of the data root that it opened."""
    host = Noting(str(root))
    found = scan(host, CATALOG, IDS)
    host.close()
    top = f"/{ROOT}/"
    return found, sorted({path for path in host.opened if path.startswith(top) and (root / path.lstrip("/")).is_file()})


def gaps(found: Scan) -> list[tuple[str, str]]:
    """Checks that could not look."""
    return [(outcome.id, outcome.reason) for outcome in found.outcomes if outcome.incomplete]


@pytest.mark.parametrize("torn", TORN)
def test_every_file_that_is_read_is_judged(root: Path, torn: str) -> None:
    """A new reader's file is among these by itself: it is taken from what a scan opens."""
    healthy, files = look(root)
    assert gaps(healthy) == []
    assert len(files) > 20
    before = {finding.fingerprint for finding in healthy.findings}
    silent = []
    for file in files:
        path = root / file.lstrip("/")
        whole = path.read_bytes()
        content = TORN[torn]
        path.write_bytes(whole[: len(whole) // 2] if content is None else content)
        found, _ = look(root)
        path.write_bytes(whole)
        assert gaps(found) == [], file
        if not {finding.fingerprint for finding in found.findings} - before and path.name not in SHOWN_ONLY:
            silent.append(file)
    assert silent == []


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A plugin whose reader knows nothing of findings: it lets the error of its parser escape."""
    top = tmp_path / "forgetful"
    for room in ("", "facts", "collect"):
        (top / room).mkdir(exist_ok=True)
        (top / room / "__init__.py").touch()
    (top / "facts/thing.py").write_text(
        "from msgspec import Struct\n\nclass Thing(Struct, frozen=True):\n    value: str\n"
    )
    (top / "collect/thing.py").write_text(
        "from doctor.api import HostPath, collector\n"
        "from doctor.host.base import Host\n"
        "from doctor.formats.json_safe import load_object\n"
        "from forgetful.facts.thing import Thing\n\n"
        "@collector\n"
        "def thing(host: Host) -> Thing:\n"
        f'    return Thing(value=load_object(host.read(HostPath("/{ROOT}/thing.json")))["value"])\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "forgetful"
    for name in [name for name in sys.modules if name.partition(".")[0] == "forgetful"]:
        del sys.modules[name]


def test_a_reader_that_forgets_names_its_file_all_the_same(root: Path, package: str) -> None:
    """The resolver knows which file was read last."""
    (root / ROOT / "thing.json").write_bytes(b'{"value": tsue}')
    module = __import__(f"{package}.facts.thing", fromlist=["Thing"])
    found = Facts(RootHost(str(root))).get(module.Thing)
    assert isinstance(found, Missing)
    assert (found.why, found.path) == (Why.UNDECODABLE, f"/{ROOT}/thing.json")


def test_checks_without_a_file_are_skipped_because_of_its_finding(root: Path) -> None:
    """Not "could not be looked at": the reason is the finding."""
    path = root / ROOT / "network/files/local-kv.db"
    path.write_bytes(path.read_bytes()[:5000])
    found, _ = look(root)
    reasons = [outcome.reason for outcome in found.outcomes if "because of" in outcome.reason]
    assert reasons
    assert all("state/network-db-corrupt" in reason for reason in reasons)


def test_a_directory_in_the_place_of_a_file_is_a_finding(root: Path) -> None:
    """It can't be decoded either; an I/O error or a denial would be a gap."""
    path = root / ROOT / "image/overlay2/repositories.json"
    path.unlink()
    path.mkdir()
    found, _ = look(root)
    assert gaps(found) == []
    assert "state/repositories-json-corrupt" in {finding.id for finding in found.findings}
