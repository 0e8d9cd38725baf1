"""Fixtures of the tests of the built one file: ``make onefile-test``. They skip without a file."""

from pathlib import Path

import pytest

from tests.onefile import kit


@pytest.fixture(autouse=True)
def as_on_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set no path of the settings: in another root there is no such file. State is kept in the test's own directory."""
    monkeypatch.delenv("DOCTOR_CONFIG", raising=False)
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def file() -> Path:
    """Return the built file."""
    found = kit.program()
    if found is None:
        pytest.skip("there is no one file: 'make onefile' builds it, or DOCTOR_ONEFILE names it")
    return found.resolve()


@pytest.fixture(scope="session")
def python(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file's interpreter as ``python``."""
    return kit.python(tmp_path_factory.mktemp("python") / "python")


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the root of a host with nothing but an empty /etc."""
    place = tmp_path_factory.mktemp("hosts") / "host"
    (place / "etc").mkdir(parents=True)
    return place
