"""No modules import each other in a circle, not even late or for types only: each can be read and tested without the others."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("doctor", "checks", "fixers", "reports", "benchmarks", "tests")


def modules() -> dict[str, Path]:
    """Return the file of each module, by its dotted name."""
    found = {}
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(tree: ast.AST, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of the project that a module names in an import, wherever the import stands."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        # The face of a package defines nothing.
        yield from (name for name in names if name in known and known[name].name != "__init__.py")


def circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_modules_import_each_other() -> None:
    """The message is one circle, in the order of its imports."""
    graph = {name: set(imports(ast.parse(path.read_text()), MODULES)) - {name} for name, path in MODULES.items()}
    assert circle(graph) == []


def test_a_circle_is_found() -> None:
    """A circle of two is named, also if one import stands in a function."""
    known = {"a": Path("a.py"), "b": Path("b.py")}
    texts = {"a": "import b", "b": "def f():\n    from a import x"}
    graph = {name: set(imports(ast.parse(text), known)) for name, text in texts.items()}
    assert sorted(set(circle(graph))) == ["a", "b"]
