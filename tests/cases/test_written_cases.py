"""Cases that are written by code are what that code writes."""

import filecmp
import os
from pathlib import Path
from types import ModuleType

import pytest

from tests.cases.firewall import make as firewall
from tests.cases.state import make as state


@pytest.mark.parametrize("maker", [pytest.param(state, id="state"), pytest.param(firewall, id="firewall")])
def test_checked_in_cases_are_what_their_code_writes(maker: ModuleType, tmp_path: Path) -> None:
    """A case edited by hand would be lost with the next run of ``python -m tests.cases.AREA.make``."""
    maker.write_all(tmp_path)
    assert _differences(tmp_path, maker.HERE) == []


def _differences(written: Path, checked_in: Path) -> list[str]:
    found = []
    names = set(os.listdir(written)) | {name for name in os.listdir(checked_in) if not _is_code(checked_in / name)}
    for name in sorted(names):
        one, other = written / name, checked_in / name
        if one.is_symlink() or other.is_symlink():
            same = one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
        elif one.is_dir() and other.is_dir():
            found.extend(_differences(one, other))
            continue
        else:
            same = one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
        if not same:
            found.append(str(other))
    return found


def _is_code(path: Path) -> bool:
    return path.suffix == ".py" or path.name == "__pycache__"
