"""The file with the code of a launch's modules: used while nothing changed, and never beside a changed source."""

import marshal
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUNTIME = Path(__file__).resolve().parents[3] / "doctor" / "runtime"
ALWAYS = ["doctor", "doctor.runtime", "doctor.runtime.pack"]  # imported before the file is read
LAUNCH = ["run", "--net", "nowhere", "/", "--", "true"]  # ends where the options are read

pytestmark = pytest.mark.not_in_one_file("files")


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


def pack_file(top: Path) -> Path:
    return next((top / "doctor" / "runtime" / "__pycache__").glob("run.*.pack"))


def test_it_is_written_once_and_then_used(copy: Path) -> None:
    said, imported = launched(copy)
    assert "nowhere" in said
    assert imported == ALWAYS


def test_a_launch_that_needs_more_completes_it(copy: Path) -> None:
    """The first launch may end early, at a wrong option."""
    version, modules = marshal.loads(pack_file(copy).read_bytes())
    pack_file(copy).write_bytes(marshal.dumps((version, modules[:-1])))
    said, imported = launched(copy)
    assert imported == [*ALWAYS, modules[-1][0]]
    assert launched(copy) == (said, ALWAYS)


def test_a_module_that_is_not_in_it_is_imported(copy: Path) -> None:
    """A module that the first launch did without is imported beside those of the file."""
    main = copy / "doctor" / "runtime" / "__main__.py"
    argv = [sys.executable, "-I", "-S", str(main), "run", "--bundle", str(copy), "--net", "nowhere"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert done.stderr == f"doctor-runtime: {copy}/config.json: can't be read: no such file or directory (2)\n"


@pytest.mark.parametrize("name", ["plan/spec", "pack"])
@pytest.mark.parametrize("change", ["content", "time", "exchange"])
def test_a_changed_source_is_read_again(copy: Path, change: str, name: str) -> None:
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
            for stale in (source.parent / "__pycache__").glob("spec.*.pyc"):
                stale.unlink()  # Python itself looks at time and size alone
    said, imported = launched(copy)
    assert ("IS NOT" in said) == (name == "plan/spec" and change != "time")
    assert "doctor.runtime.plan.spec" in imported
    assert launched(copy) == (said, ALWAYS)


def test_without_a_source_there_is_no_launch(copy: Path) -> None:
    (copy / "doctor" / "runtime" / "process" / "users.py").rename(copy / "users")
    assert "ModuleNotFoundError" in launched(copy)[0]


@pytest.mark.parametrize("damage", [b"", b"\0", b"i\0\0\0\0", b"TypeError", bytes(range(256)) * 50])
def test_a_damaged_file_is_replaced(copy: Path, damage: bytes) -> None:
    pack_file(copy).write_bytes(damage)
    said, imported = launched(copy)
    assert "nowhere" in said
    assert len(imported) > len(ALWAYS)
    assert launched(copy) == (said, ALWAYS)


def test_the_file_of_another_interpreter_is_not_used(copy: Path) -> None:
    path = pack_file(copy)
    path.write_bytes(path.read_bytes().replace(sys.version.encode(), sys.version.upper().swapcase().encode()))
    assert len(launched(copy)[1]) > len(ALWAYS)


def test_a_launch_with_os_writes_none(copy: Path) -> None:
    """Otherwise each later launch would load a terminal's or a network's modules, too."""
    pack_file(copy).unlink()
    code = "import os, runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    argv = [sys.executable, "-I", "-S", "-c", code, str(copy / "doctor/runtime/__main__.py"), *LAUNCH]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert "nowhere" in done.stderr
    assert not list((copy / "doctor/runtime/__pycache__").glob("*.pack*"))


def test_an_unwritable_directory_is_ignored(copy: Path) -> None:
    path = pack_file(copy)
    path.unlink()
    path.mkdir()
    (path / "x").touch()
    assert "nowhere" in launched(copy)[0]
    assert [one.name for one in path.parent.glob("*.pack*")] == [path.name]
