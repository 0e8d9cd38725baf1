"""Packages of two releases, and roots to install them in. ``make packages-test`` builds the first and runs the tests."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITES = tuple(os.environ.get("PACKAGES_SUITES", "trixie").split())


@pytest.fixture(scope="session")
def built() -> Path:
    """The directory with the packages of release 1 and 2 (PACKAGES_DIR)."""
    place = Path(os.environ.get("PACKAGES_DIR", ROOT / "dist"))
    if not list(place.glob("container-doctor_*-2_amd64.deb")):
        pytest.skip(f"no packages of two releases in {place}: run 'make packages-test'")
    return place


@pytest.fixture(scope="session", params=SUITES)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of a release of Debian with the docker command, built once."""
    suite: str = request.param
    given = os.environ.get("PACKAGES_ROOTS")
    if given:
        return Path(given) / suite
    target = tmp_path_factory.mktemp("roots") / suite
    docker = "docker-cli" if suite == "trixie" else "docker.io"
    argv = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", f"--include={docker}", suite, str(target)]
    subprocess.run(argv, check=True)
    return target


@pytest.fixture
def root(base: Path, tmp_path: Path) -> Iterator[Path]:
    """A root of its own: an overlay over it, on a file system in memory (an overlay can't lie on one of the same kind)."""
    merged, layers = tmp_path / "root", tmp_path / "layers"
    for place in (merged, layers):
        place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", layers], check=True)
    try:
        (layers / "upper").mkdir()
        (layers / "work").mkdir()
        options = f"lowerdir={base},upperdir={layers}/upper,workdir={layers}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, merged], check=True)
        try:
            yield merged
        finally:
            subprocess.run(["umount", merged], check=True)
    finally:
        subprocess.run(["umount", layers], check=True)
