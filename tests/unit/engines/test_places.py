"""No room names a place of Docker or containerd: those are in ``doctor/engines/NAME/places.py``."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[3]
PLACE = re.compile(
    r"local-kv|layerdb|imagedb|repositories\.json|^overlay2$|/overlay2|overlay2/|/var/lib/docker|/var/lib/containerd|engine-id|hostconfig\.json"
    r"|config\.v2|metadata_v2|metadata\.db|network/files|buildkit/|docker\.sock\b|docker\.pid|io\.containerd\.|containerd\.sock"
    r"|tar-split\.json|cache-id|mount-id|init-id"
)
EXCEPTIONS = {
    ("doctor/facts/engine/start.py", "state/engine-id-wrong"): "the id of a check",
    ("doctor/facts/engine/start.py", "state/overlay2-link-broken"): "the id of a check",
    ("doctor/model/root_identity.py", "engine-id"): "the name of a trait, as reports show it",
    (
        "doctor/runtime/rungs/task.py",
        "io.containerd.runtime.v2.task",
    ): "the runtime is a program of its own, which imports no other room",
    ("doctor/salvage/layout.py", "io.containerd.image.name"): "an annotation of OCI layouts, not a place",
}
"""(module, literal) → why it is not a place of an engine."""


def literals(path: Path) -> Iterator[str]:
    """Yield the string literals of a module that are no docstrings and name a place."""
    tree = ast.parse(path.read_text("utf-8"))
    documents = {
        id(statement.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in node.body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in documents else None
        if isinstance(text, str) and PLACE.search(text):
            yield text


def found() -> set[tuple[str, str]]:
    """Return (module, literal) of every room but the engines, the checks and the fixers."""
    modules = (path for room in ("doctor", "reports") for path in sorted((TOP / room).rglob("*.py")))
    return {
        (str(path.relative_to(TOP)), text)
        for path in modules
        if not path.is_relative_to(TOP / "doctor/engines")
        for text in literals(path)
    }


def test_only_an_engine_names_its_places() -> None:
    """Each exception is still there, so that the list does not outlive its reasons."""
    assert found() == EXCEPTIONS.keys()


def test_the_pattern_sees_the_places_of_both_engines() -> None:
    """The test above proves nothing if it finds nothing where the places are."""
    for name in ("docker", "containerd"):
        assert len(list(literals(TOP / f"doctor/engines/{name}/places.py"))) > 5
