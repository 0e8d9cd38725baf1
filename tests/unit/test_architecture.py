"""Rules that the linters of imports and style can't check: purity, places, sizes, and what a command loads."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from doctor.model.declare import CheckDeclaration
from doctor.plugins.load import load

ROOT = Path(__file__).parents[2]
CATALOG = load()
PURE = sorted([*ROOT.glob("checks/*/**/*.py"), *ROOT.glob("fixers/*/**/*.py")])
SOURCES = sorted(path for room in ("doctor", "checks", "fixers", "reports") for path in (ROOT / room).rglob("*.py"))
ALLOWED = {
    "collections.abc",
    "doctor.api",
    "ipaddress",
    "msgspec",
    "msgspec.structs",
    "re",
    "shlex",
    "typing",
}
SEEN = {"doctor.api", "doctor.facts", "doctor.formats", "doctor.model", "doctor.rebuild"}
"""Rooms whose modules they import."""
BANNED_NAMES = {
    "__builtins__",
    "__import__",
    "breakpoint",
    "compile",
    "eval",
    "exec",
    "globals",
    "input",
    "open",
    "print",
    "setattr",
}
ENGINE = re.compile(r"doctor\.engines\.\w+")
"""An engine's package, from which an import contract lets checks and fixers take ``places``, and its own facts."""
ENGINE_FACTS = re.compile(r"doctor\.engines\.\w+\.facts(\.\w+)*")
HEADINGS = ["What it looks at:", "Why it matters:", "How it is fixed:", "References:"]
MODULE_LINES = 400
FUNCTION_LINES = 60
# Each with its reason; anything new has to argue for its place here.
LONG_MODULES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def impurities(tree: ast.AST) -> set[str]:
    """Return what a module of checks or fixers imports, calls or names beyond values and decorators."""
    found = {
        module
        for module in imported(tree)
        if module not in ALLOWED
        and not ENGINE.fullmatch(module)
        and not ENGINE_FACTS.fullmatch(module)
        and not module.startswith(tuple(f"{room}." for room in SEEN))
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and ENGINE.fullmatch(node.module or ""):
            found.update(f"{node.module}.{alias.name}" for alias in node.names if alias.name != "places")
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Name) and node.id in BANNED_NAMES:
            found.add(node.id)
    return found


@pytest.mark.parametrize("path", PURE, ids=name)
def test_checks_and_fixers_do_no_io(path: Path) -> None:
    """They import values and decorators only, and use no builtin that reads, writes or runs."""
    assert impurities(ast.parse(path.read_text())) == set(), f"allowed are {sorted({*ALLOWED, *SEEN})}"


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "import doctor",
        "from doctor import host",
        "from doctor.host.live import LiveHost",
        "from doctor.guard import judge",
        "from doctor.model_of_mine import x",
        "from doctor.engines.docker import engine",
        "from doctor.engines.docker.engine import ENGINE",
        "from doctor.engines.docker.factsheet import x",
        "from doctor.state import paths",
        "import importlib",
        "from . import shared",
        "from .re import compile",
        "from ..network import links",
        "import typing, subprocess",
        "if 1:\n    def late():\n        import socket",
        "open('/etc/passwd')",
        "read = open",
        "__import__('os')",
        "__builtins__['open']",
        "eval('1')",
        "globals()['x']",
    ],
)
def test_an_impure_line_is_seen(line: str) -> None:
    """Each way to reach a host, a program or a module that is not allowed."""
    assert impurities(ast.parse(line))


def test_the_contract_on_imports_and_this_list_are_one() -> None:
    """import-linter forbids checks and fixers each room of doctor's that is not allowed here: a new room is in one of both."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one.get("containers") == ["doctor"]]
    (forbidden,) = [one["forbidden_modules"] for one in contracts if one.get("source_modules") == ["checks", "fixers"]]
    rooms = {f"doctor.{room.strip()}" for layer in layers for room in layer.split("|")}
    assert {room for room in forbidden if room.startswith("doctor.")} == rooms - SEEN


def test_every_file_in_place_is_found() -> None:
    """A check or fixer needs no registration: what is on the disk is what doctor has."""
    for kind in ("checks", "fixers"):
        on_disk = {
            f"{path.relative_to(ROOT / kind).parts[0]}/{path.stem}".replace("_", "-")
            for path in (ROOT / kind).glob("*/**/*.py")
            if not path.stem.startswith("_")
        }
        assert set(getattr(CATALOG, kind)) == on_disk
    assert set(CATALOG.probes) == {
        path.stem.replace("_", "-") for path in (ROOT / "doctor/probes").glob("*.py") if not path.stem.startswith("_")
    }


def is_endless(call: ast.Call, text: str) -> bool:
    """Whether a call starts a program or opens a socket that nothing in its module bounds in time."""
    name = ast.unparse(call.func)
    if name in {"subprocess.run", "subprocess.check_output", "subprocess.check_call", "subprocess.call"}:
        return not any(keyword.arg == "timeout" for keyword in call.keywords)
    if name == "subprocess.Popen":
        return "timeout=" not in text and "deadline" not in text
    return name == "socket.socket" and not re.search(r"settimeout|SO_RCVTIMEO|readable\(|\.poll\(", text)


def test_every_command_and_connection_has_a_time_limit() -> None:
    """Of the live host's programs and sockets; the runtime, a program of its own, runs under a limit of its caller."""
    assert is_endless(ast.parse("subprocess.run(argv)").body[0].value, "")  # type: ignore[attr-defined]
    endless = []
    for path in sorted((ROOT / "doctor").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "runtime" not in path.parts and ("subprocess" in text or "socket" in text):
            calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
            endless += [f"{path.relative_to(ROOT)}:{call.lineno}" for call in calls if is_endless(call, text)]
    assert endless == []


def test_every_fixer_mirrors_a_check() -> None:
    """A fixer without its check would never be asked."""
    assert set(CATALOG.fixers) <= set(CATALOG.checks)


@pytest.mark.parametrize("identity", sorted(CATALOG.checks))
def test_a_check_is_declared_and_documented(identity: str) -> None:
    """Four headings in their order, a line for a pass, and only probes and checks that exist."""
    check = CATALOG.check(identity)
    text = check.function.__doc__ or ""
    places = [text.find(heading) for heading in HEADINGS]
    assert -1 not in places, f"{identity}: a heading of {HEADINGS} is missing"
    assert places == sorted(places)
    declaration = check.declaration
    assert isinstance(declaration, CheckDeclaration)
    assert declaration.ok
    assert set(declaration.breaks) <= set(CATALOG.probes)
    # Images of the data root are mounted without a network: one of its problems would excuse a failed proof of a repair.
    assert not ("image" in declaration.breaks and identity.startswith(("network/", "dns/", "firewall/")))
    assert set(declaration.causes) <= set(CATALOG.checks)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_fits_on_a_few_screens(path: Path) -> None:
    """At most 400 lines a module and 60 a function, docstrings included."""
    text = path.read_text()
    assert len(text.splitlines()) <= MODULE_LINES or name(path) in LONG_MODULES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            where = f"{name(path)}:{node.name}"
            assert lines <= FUNCTION_LINES or where in LONG_FUNCTIONS, f"{where} has {lines} lines"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_values_are_structs(path: Path) -> None:
    """A dataclass costs every scan half a millisecond (docs/decisions/0010); only the runtime can't import msgspec."""
    if "runtime" not in path.parts:
        assert "dataclasses" not in imported(ast.parse(path.read_text()))


def loaded_by(*arguments: str) -> set[str]:
    """Names of the modules in memory when a command has run."""
    code = (
        "import sys, io, contextlib\n"
        "from doctor.cli.entry import command\n"
        f"sys.argv = ['doctor', *{arguments!r}]\n"
        "sink = io.TextIOWrapper(io.BytesIO())\n"
        "with contextlib.redirect_stdout(sink):\n"
        "    command()\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/")
    return set(done.stderr.split())


def test_the_version_needs_nothing() -> None:
    """It is asked in scripts and must cost an interpreter, no more."""
    loaded = loaded_by("--version")
    assert not loaded & {"typer", "pluggy", "json", "re", "dataclasses", "doctor.cli.app", "msgspec"}


def test_a_scan_loads_no_repair_and_no_html(tmp_path: Path) -> None:
    """Modules that only repairs, reports or live machines need are not loaded."""
    (tmp_path / "etc").mkdir()
    loaded = loaded_by("scan", "--root", str(tmp_path), "--format", "text")
    unwanted = {
        "asyncio",
        "difflib",
        "http.client",
        "importlib.metadata",
        "inspect",
        "jinja2",
        "pluggy",
        "psutil",
        "pydantic",
        "pyroute2",
        "rich",
        "sqlite3",
        "subprocess",
        "tomllib",
        "traceback",
        "typer",
        "typing_extensions",
    }
    assert loaded & unwanted == set()
    assert not {module for module in loaded if module.startswith(("doctor.repair", "doctor.runtime", "doctor.history"))}
