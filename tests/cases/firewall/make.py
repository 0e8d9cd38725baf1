"""Writes the firewall cases: one healthy host, and what someone did to it.

    python -m tests.cases.firewall.make

The folders are checked in, so a case can be read; a test fails when they differ from what this writes.
"""

import shutil
from pathlib import Path

from tests.cases.firewall import backends, files, foreign, foreign_tables, missing

HERE = Path(__file__).parent
STORIES = (*missing.STORIES, *foreign.STORIES, *foreign_tables.STORIES, *backends.STORIES, *files.STORIES)


def write_all(top: Path) -> None:
    """Write every case beneath a directory."""
    for story in STORIES:
        for case in story():
            case.write(top)


def main() -> None:
    """Replace the checked-in cases."""
    for folder in HERE.iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            shutil.rmtree(folder)
    write_all(HERE)


if __name__ == "__main__":
    main()
