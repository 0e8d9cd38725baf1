"""The files that hold a launch's modules: taken while nothing changed, and never beside a changed source."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUNTIME = Path(__file__).resolve().parents[3] / "doctor" / "runtime"
LAUNCH = ["run", "--net", "nowhere", "/", "--", "true"]  # ends where the options are read


def launched(top: Path) -> tuple[str, list[str]]:
    """Output of a launch, and the modules that were imported from their own files."""
    main = top / "doctor" / "runtime" / "__main__.py"
    argv = [sys.executable, "-X", "importtime", "-I", "-S", str(main), *LAUNCH]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    lines = done.stderr.splitlines()
    said = [line for line in lines if not line.startswith("import time:")]
    names = [line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")]
    return "\n".join(said), [name for name in names if name.startswith("doctor")]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the runtime needs, with its bytecode."""
    top = tmp_path_factory.mktemp("compiled")
    shutil.copytree(RUNTIME, top / "doctor" / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(RUNTIME.parent / "__init__.py", top / "doctor" / "__init__.py")
    launched(top)
    return top


@pytest.fixture
def copy(compiled: Path, tmp_path: Path) -> Path:
    shutil.copytree(compiled / "doctor", tmp_path / "doctor")
    launched(tmp_path)
    return tmp_path


def packed_file(top: Path, kind: str = "run") -> Path:
    return next((top / "doctor" / "runtime" / "__pycache__").glob(f"{kind}.*.packed"))


def test_it_is_written_once_and_then_taken(copy: Path) -> None:
    said, imported = launched(copy)
    assert "nowhere" in said
    assert imported == []


def test_what_is_packed_later_is_still_found(copy: Path) -> None:
    """A module that the first launch did without is imported beside those of the file."""
    main = copy / "doctor" / "runtime" / "__main__.py"
    argv = [sys.executable, "-I", "-S", str(main), "run", "--bundle", str(copy), "--net", "nowhere"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert done.stderr == f"doctor-runtime: {copy}/config.json: can't be read: no such file or directory (2)\n"


@pytest.mark.parametrize("name", ["spec", "packed"])
@pytest.mark.parametrize("change", ["content", "time", "exchange"])
def test_a_changed_source_is_read_anew(copy: Path, change: str, name: str) -> None:
    source = copy / "doctor" / "runtime" / f"{name}.py"
    text = source.read_text().replace("is not none, host", "IS NOT none, host")
    match change:
        case "content":
            source.write_text(f"{text}\n")
        case "time":
            os.utime(source, (0, 0))
        case "exchange":
            before = source.stat()
            (copy / "other").write_text(text)
            os.utime(copy / "other", ns=(before.st_atime_ns, before.st_mtime_ns))
            os.rename(copy / "other", source)
            for stale in (copy / "doctor" / "runtime" / "__pycache__").glob("spec.*.pyc"):
                stale.unlink()  # Python itself looks at time and size alone
    said, imported = launched(copy)
    assert ("IS NOT" in said) == (name == "spec" and change != "time")
    assert f"doctor.runtime.{name}" in imported
    assert launched(copy) == (said, [])


def test_without_a_source_there_is_no_launch(copy: Path) -> None:
    (copy / "doctor" / "runtime" / "users.py").rename(copy / "users")
    assert "ModuleNotFoundError" in launched(copy)[0]


@pytest.mark.parametrize("kind", ["run", "start"])
@pytest.mark.parametrize("damage", [b"", b"\0", b"i\0\0\0\0", b"TypeError", bytes(range(256)) * 50])
def test_a_damaged_file_is_no_matter(copy: Path, damage: bytes, kind: str) -> None:
    packed_file(copy, kind).write_bytes(damage)
    said, imported = launched(copy)
    assert "nowhere" in said
    assert imported
    assert launched(copy) == (said, [])


@pytest.mark.parametrize("kind", ["run", "start"])
def test_another_interpreter_s_file_is_not_taken(copy: Path, kind: str) -> None:
    path = packed_file(copy, kind)
    path.write_bytes(path.read_bytes().replace(sys.version.encode(), sys.version.upper().swapcase().encode()))
    assert launched(copy)[1]


def test_a_directory_that_can_not_be_written_is_no_matter(copy: Path) -> None:
    path = packed_file(copy)
    path.unlink()
    path.mkdir()
    (path / "x").touch()
    assert "nowhere" in launched(copy)[0]
    assert [one.name for one in path.parent.glob("*.packed*") if "start" not in one.name] == [path.name]
