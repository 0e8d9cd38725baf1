"""The runtime as a program: what it loads, what it says, and that it stands alone."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.runtime.oci_config import base, bind, changed, profile

RUNTIME = Path(__file__).resolve().parents[3] / "doctor" / "runtime"
PROGRAM = [sys.executable, "-I", "-S", "-E", str(RUNTIME / "__main__.py")]
HEAVY = {
    "os",
    "signal",
    "socket",
    "_socket",
    "json",
    "re",
    "enum",
    "typing",
    "dataclasses",
    "subprocess",
    "ctypes",
    "struct",
}


def started(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], input=text, capture_output=True, text=True, timeout=20, check=False)


def test_it_starts_from_another_directory_without_site_packages(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('loaded from the current directory')")
    done = subprocess.run(
        [*PROGRAM, "batch"], input='{"containers": []}', cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_help_and_version() -> None:
    assert "usage: doctor-runtime run" in started("--help").stdout
    assert started("--version").stdout.startswith("doctor-runtime 0.")


@pytest.mark.parametrize("arguments", [["fly"], ["create", "x"], ["batch", "x"], ["run"]])
def test_unknown_words_are_one_line_and_2(arguments: list[str]) -> None:
    done = started(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_wrong_json_is_one_line_and_2() -> None:
    done = started("batch", text='{"containers": [{"command": ["x"], "memry": 1}]}')
    assert done.returncode == 2
    assert done.stderr == "doctor-runtime: containers[0]: unknown field 'memry'\n"


def test_a_cold_launch_loads_nothing_heavy() -> None:
    """Each of these costs a launch a millisecond or more."""
    code = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "from doctor.runtime import run\n"
        "from doctor.runtime.plan import options\n"
        "options.parse(['--memory', '64m', '/r', '--', 'true'])\n"
        "print(*sys.modules)"
    )
    argv = [sys.executable, "-I", "-S", "-E", "-c", code, str(RUNTIME.parents[1])]
    loaded = set(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & HEAVY


def test_a_bundle_is_read_without_anything_heavy(tmp_path: Path) -> None:
    """`json` alone would cost as much as reading all of it does."""
    config = changed(base("root"), profile() | bind())
    (tmp_path / "config.json").write_text(json.dumps(config))
    code = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "from doctor.runtime import run\n"
        "from doctor.runtime.plan import options\n"
        "options.parse(['--bundle', sys.argv[2]])\n"
        "print(*sys.modules)"
    )
    argv = [sys.executable, "-I", "-S", "-E", "-c", code, str(RUNTIME.parents[1]), str(tmp_path)]
    loaded = set(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split())
    assert "_json" in loaded
    assert not loaded & HEAVY


def test_it_imports_the_standard_library_and_itself_alone() -> None:
    for path in RUNTIME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                own = name == "doctor" or name.startswith("doctor.runtime")
                assert own or name.partition(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"
