"""``make new-check`` gives a tree that passes, in every area, and touches no file but those that it prints."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBLEM = "skeleton-of-a-check"
ROOMS = ("doctor", "checks", "fixers", "reports", "scripts")
FILES = ("pyproject.toml", "README.md", "tests/unit/test_architecture.py")
AREAS = sorted(path.parent.name for path in (ROOT / "checks").glob("*/__init__.py"))
BIN = Path(sys.executable).parent
pytestmark = [pytest.mark.timeout(600), pytest.mark.not_in_one_file("files")]


def place(area: str) -> str:
    """An id to ask for in an area: in its last subject, where it has some."""
    subjects = sorted(path.parent.name for path in (ROOT / "checks" / area).glob("*/__init__.py"))
    return "/".join((area, *subjects[-1:], PROBLEM))


def run(tree: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """A command in the copy, which uses the copy's code."""
    clean = {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        argv, cwd=tree, env={**os.environ, **clean}, capture_output=True, text=True, check=False, timeout=500
    )


def contents(tree: Path) -> dict[str, bytes]:
    """Each file by its path."""
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, without the cases that are there."""
    top = tmp_path_factory.mktemp("copy")
    for name in ROOMS:
        shutil.copytree(ROOT / name, top / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    tests = [*ROOT.glob("tests/*.py"), *ROOT.glob("tests/cases/**/*.py")]
    for name in (*FILES, *(str(path.relative_to(ROOT)) for path in tests)):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, top / name)
    return top


@pytest.fixture(scope="module")
def written(tree: Path) -> list[str]:
    """It prints its files for one check in each area, and nothing else was changed."""
    before = contents(tree)
    printed = []
    for area in AREAS:
        done = run(tree, sys.executable, "scripts/new_check.py", place(area))
        assert done.returncode == 0, done.stderr
        printed += done.stdout.partition("\n\n")[0].splitlines()
    after = contents(tree)
    assert {path for path in before if after.get(path) != before[path]} == set()
    assert sorted(after.keys() - before.keys()) == sorted(printed)
    return printed


def test_lint_types_and_contracts_pass(tree: Path, written: list[str]) -> None:
    code = [path for path in written if path.endswith(".py")]
    for argv in (
        ("ruff", "check", "--no-cache", *code),
        ("ruff", "format", "--no-cache", "--check", *code),
        ("mypy", "--cache-dir", os.devnull, *(path for path in code if not path.startswith("tests/"))),
        ("lint-imports", "--no-cache"),
    ):
        done = run(tree, str(BIN / argv[0]), *argv[1:])
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_cases_and_the_rules_of_the_house_pass(tree: Path, written: list[str]) -> None:
    """Two cases in each area with their plan, repair and undo; docstring, place and size of each file."""
    tests = ("tests/cases", "tests/unit/test_architecture.py")
    wanted = f"{PROBLEM} or {PROBLEM.replace('-', '_')} or in_place or mirrors"
    done = run(tree, sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *tests, "-k", wanted)
    assert done.returncode == 0, done.stdout[-4000:]
    names = [f"{area}/{PROBLEM}/{name}" for area in AREAS for name in ("broken", "healthy")]
    assert [name for name in names if f"test_a_case_has_exactly_its_findings[{name}] PASSED" not in done.stdout] == []
    pages = run(tree, sys.executable, "scripts/docs.py", str(tree / "build"))
    assert pages.returncode == 0, pages.stderr
    assert all((tree / f"build/{area}/{PROBLEM}.md").exists() for area in AREAS)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("", "usage: make new-check"),
        ("problem", "usage: make new-check"),
        ("nowhere/foo-bar", "unknown area 'nowhere': choose one of access, "),
        ("dns/links/foo-bar", "area dns has no subjects: use ID=dns/foo-bar"),
        ("state/foo-bar", "there are containerd, containers, databases, "),
        ("state/nowhere/foo-bar", "there are containerd, containers, databases, "),
        ("dns/Foo_bar", "use lower-case words"),
        ("dns/..", "use lower-case words"),
        ("dns/import", "means something else to Python"),
        ("dns/test-links", "means something else to Python"),
        ("dns/" + "a" * 41, "at most 40 fit"),
        ("network/forwarding/ip-forward-off", "exists already: checks/network/forwarding/ip_forward_off.py"),
        ("state/volumes/tag-dangling", "exists already: checks/state/images/tag_dangling.py"),
    ],
)
def test_a_wrong_id_is_refused_before_anything_is_written(tree: Path, wanted: str, why: str) -> None:
    before = contents(tree)
    done = run(tree, sys.executable, "scripts/new_check.py", wanted)
    assert (done.returncode, why in done.stderr) == (1, True), done.stderr
    assert contents(tree) == before
