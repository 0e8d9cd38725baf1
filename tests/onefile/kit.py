"""The file under test, and the same file with another start: its interpreter as ``python``."""

import os
import subprocess
import sys
from pathlib import Path

from onefile.pack import started_by

CHECKOUT = Path(__file__).parents[2]
MACHINE = os.uname().machine


def program() -> Path | None:
    """Return the built file that DOCTOR_ONEFILE names, or that ``make onefile`` wrote; ``None`` without one."""
    place = Path(os.environ.get("DOCTOR_ONEFILE") or CHECKOUT / f"dist/doctor-{MACHINE}")
    return place if place.is_file() else None


def python(target: Path) -> Path:
    """Write the file's interpreter as ``python``: its own modules first, then the library's rest and the tests' packages."""
    found = program()
    if found is None:
        raise LookupError("build the one file first: make onefile")
    target.write_bytes(started_by(found.read_bytes(), Path(__file__).with_name("as_python.py").read_bytes()))
    target.chmod(0o755)
    return target


def beside() -> str:
    """Return PYTHON_BESIDE: the standard library of the interpreter that runs the tests, and its packages."""
    library = os.path.dirname(os.__file__)
    return ":".join([library, *(place for place in sys.path if place.endswith("site-packages"))])


def run(*argv: object, **options: object) -> "subprocess.CompletedProcess[str]":
    """Run a program and return its output and exit code."""
    return subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def main() -> None:
    """Write the interpreter to the path that is named, or print PYTHON_BESIDE: for scripts/onefile-test."""
    if len(sys.argv) > 1:
        python(Path(sys.argv[1]))
    else:
        print(beside())


if __name__ == "__main__":
    main()
