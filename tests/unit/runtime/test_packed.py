"""The file that holds a launch's modules: taken while nothing changed, and never beside a changed source."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUNTIME = Path(__file__).resolve().parents[3] / "doctor" / "runtime"
PROBE = """
import sys
sys.path.append(sys.argv[1])
from doctor.runtime import packed
path = packed.load(["run"])
loaded = sorted(name for name in sys.modules if name.startswith("doctor.runtime."))
from doctor.runtime import cli, run, options
if path:
    packed.save(path)
print(cli.HELP[:6], path != "", len(loaded))
"""


def launched(top: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE, str(top)], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.split()


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


def packed_file(top: Path) -> Path:
    return next((top / "doctor" / "runtime" / "__pycache__").glob("run.*.packed"))


def test_it_is_written_once_and_then_taken(copy: Path) -> None:
    _, missing, loaded = launched(copy)
    assert missing == "False"
    assert int(loaded) > 15


@pytest.mark.parametrize("change", ["content", "time", "exchange", "gone"])
def test_a_changed_source_is_read_anew(copy: Path, change: str) -> None:
    source = copy / "doctor" / "runtime" / "cli.py"
    text = source.read_text().replace("usage: ", "USAGE: ")
    match change:
        case "content":
            source.write_text(text)
        case "time":
            os.utime(source, (0, 0))
        case "exchange":
            before = source.stat()
            (copy / "other").write_text(text)
            os.utime(copy / "other", ns=(before.st_atime_ns, before.st_mtime_ns))
            os.rename(copy / "other", source)
            shutil.rmtree(copy / "doctor" / "runtime" / "__pycache__")
            launched(copy)
        case "gone":
            (copy / "doctor" / "runtime" / "users.py").rename(copy / "users")
            with pytest.raises(subprocess.CalledProcessError):
                launched(copy)
            return
    first, missing, _ = launched(copy)
    assert first == ("usage:" if change == "time" else "USAGE:")
    assert change == "exchange" or missing == "True"


@pytest.mark.parametrize("damage", [b"", b"\0", b"i\0\0\0\0", b"TypeError", bytes(range(256)) * 50])
def test_a_damaged_file_is_no_matter(copy: Path, damage: bytes) -> None:
    packed_file(copy).write_bytes(damage)
    assert launched(copy)[0] == "usage:"
    assert launched(copy)[1] == "False"


def test_another_interpreter_s_file_is_not_taken(copy: Path) -> None:
    path = packed_file(copy)
    path.write_bytes(path.read_bytes().replace(sys.version.encode(), sys.version.upper().swapcase().encode()))
    assert launched(copy)[1] == "True"


def test_a_directory_that_can_not_be_written_is_no_matter(copy: Path) -> None:
    path = packed_file(copy)
    path.unlink()
    path.mkdir()
    (path / "x").touch()
    assert launched(copy)[0] == "usage:"
    assert [one.name for one in path.parent.glob("*.packed*")] == [path.name]
