"""Fixtures of the runtime's live tests."""

from pathlib import Path

import pytest

from tests.live.runtime import runtime_kit as kit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small root file system."""
    return kit.make_root(tmp_path / "root")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory of the host that nothing in a container may reach."""
    path = tmp_path / "outside"
    path.mkdir()
    (path / "secret").write_text("of the host")
    return path
