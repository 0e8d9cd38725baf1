"""The cases of damaged state are what their description writes."""

import filecmp
import os
from pathlib import Path

from tests.cases.state.make import HERE, write_all


def test_checked_in_cases_are_what_the_recipes_write(tmp_path: Path) -> None:
    """A case edited by hand would be lost with the next run of ``python -m tests.cases.state.make``."""
    write_all(tmp_path)
    assert _differences(tmp_path, HERE) == []


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
