"""The wheel is complete: a description whose links work on the package index, addresses, schemas and check pages."""

import email.message
import email.parser
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from doctor.plugins.load import load

ROOT = Path(__file__).parents[3]
DATA = "container_doctor-{}.data/data/share/doc/container-doctor"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout."""
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return zipfile.ZipFile(next(place.glob("*.whl")))


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> email.message.Message:
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.parser.BytesParser().parsebytes(wheel.read(name))


def test_each_link_of_the_description_is_absolute(metadata: email.message.Message) -> None:
    """And leads to what the README's own link leads to."""
    targets = re.findall(r"\]\(([^)\s]+)\)", metadata.get_payload())
    mine = re.findall(r"\]\(([^)\s]+)\)", (ROOT / "README.md").read_text())
    assert len(targets) == len(mine) > 5
    place = re.compile(rf"https://[^/]+/[^/]+/[^/]+/(?:blob|raw)/v{re.escape(metadata['Version'])}/(.*)")
    for target, relative in zip(targets, mine, strict=True):
        found = place.fullmatch(target)
        assert target == relative if found is None else found[1] == relative, target
    assert all(target.startswith("https://") for target in targets)


def test_it_has_addresses(metadata: email.message.Message) -> None:
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
    assert {"Homepage", "Documentation", "Source", "Changelog", "Issues"} <= set(urls)


def test_it_has_each_schema_and_check_page(wheel: zipfile.ZipFile) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    top = f"{DATA.format(version)}/"
    held = {name.removeprefix(top) for name in wheel.namelist() if name.startswith(top)}
    schemas = {f"schema/{path.name}" for path in (ROOT / "docs/schema").iterdir()}
    pages = {f"checks/{identity}.md" for identity in load().checks}
    assert held == schemas | pages | {"checks/README.md"}
