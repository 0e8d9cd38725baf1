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


def python(target: Path, *beside: str) -> Path:
    """Write the file with ``as_python`` as its start: the command, and an interpreter that also finds modules in the directories ``beside``."""
    found = program()
    if found is None:
        raise LookupError("build the one file first: make onefile")
    new = target.with_name(f".{target.name}.new")
    new.write_bytes(as_python(found, *beside))
    new.chmod(0o755)
    return new.replace(target)


def as_python(file: Path, *beside: str) -> bytes:
    """Return the content of a built file that also is an interpreter."""
    source = Path(__file__).with_name("as_python.py").read_text()
    line = "BESIDE: list[str] = []"
    if source.count(line) != 1:
        raise LookupError(f"as_python has no line {line!r}")
    return started_by(file.read_bytes(), source.replace(line, f"BESIDE = {list(beside)!r}").encode())


def library() -> list[str]:
    """Return the standard library of the interpreter that runs this, and its packages: the one file has the rest of neither."""
    return [os.path.dirname(os.__file__), *(place for place in sys.path if place.endswith("site-packages"))]


def run(*argv: object, **options: object) -> "subprocess.CompletedProcess[str]":
    """Run a program and return its output and exit code."""
    return subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def main() -> None:
    """Write the command that also is an interpreter, and its names: ``python -m tests.onefile.kit TARGET DIRECTORY…``, for scripts/onefile-test."""
    target, *beside = sys.argv[1:]
    python(Path(target), *beside, *library())


if __name__ == "__main__":
    main()
