"""Fixtures of the tests of repairs."""

from pathlib import Path

import pytest

from tests.unit.repair.trees import build


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree, and a state directory beside it."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "state"))
    made = tmp_path / "host"
    made.mkdir()
    build(made)
    return made
