"""Writes the host of a case, for inspection and scans: ``python scripts/make_case.py state/tag-dangling/image-gone /tmp/x``."""

import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import pytest  # noqa: E402

from doctor.host.recorded import RecordedAnswers  # noqa: E402
from tests.cases.case import all_cases, find  # noqa: E402

USAGE = "usage: make case ID=area/problem/name DIR=/tmp/x"


def near(name: str) -> str:
    """Return similar names of cases: those of its check, else of its area, else the areas."""
    area, problem = (*name.split("/"), "")[:2]
    named = [case.name for case in all_cases()]
    found = [one for one in named if one.startswith(f"{area}/{problem}/")]
    found = found or [one for one in named if one.startswith(f"{area}/")]
    return "\n  ".join(found or sorted({one.partition("/")[0] for one in named}))


def main() -> None:
    """Write the host, and print the expected findings."""
    if len(sys.argv) != 3:
        sys.exit(USAGE)
    name, where = sys.argv[1], Path(sys.argv[2])
    if where.exists() and (not where.is_dir() or any(where.iterdir())):
        sys.exit(f"{where} is not an empty directory: a case is written to a new or empty one")
    try:
        case = find(name)
    except KeyError:
        sys.exit(f"there is no case '{name}'; there are\n  {near(name)}")
    try:
        case.build(where).close()
    except (OSError, pytest.skip.Exception) as error:
        sys.exit(f"{name} is only partly written to {where}: {error}")
    print(f"{case.about}\n")
    print("\n".join(f"{identity}  {kind} {subject}" for identity, kind, subject in case.findings) or "no finding")
    if case.answers() != RecordedAnswers():
        print(
            "\nIts commands, engine and processes answer in the tests only; a scan of the directory does not see them."
        )
    print(f"\n.venv/bin/doctor scan --deep --root {shlex.quote(str(where))} --select {','.join(case.select)}")


if __name__ == "__main__":
    main()
