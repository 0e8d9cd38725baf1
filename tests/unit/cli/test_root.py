"""Where --root names a place that holds no host, nothing is said of one."""

from pathlib import Path

import pytest

from doctor.cli.common import open_host
from doctor.model.errors import UsageError


def test_an_empty_mount_point_is_no_host(tmp_path: Path) -> None:
    """Every check would find nothing wrong with it."""
    with pytest.raises(UsageError, match="--root contains no host"):
        open_host(str(tmp_path))
    (tmp_path / "lost+found").mkdir()
    with pytest.raises(UsageError, match="--root contains no host"):
        open_host(str(tmp_path))


def test_a_disk_with_one_directory_of_a_host_is_one(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    open_host(str(tmp_path))
