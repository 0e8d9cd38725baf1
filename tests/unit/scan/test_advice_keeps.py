"""Advice that deletes what a container wrote shows it, or keeps it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_DELETES = r"docker (?:container )?rm\b|docker (?:container|system|volume) prune|docker volume rm|--force-recreate|compose down|\brm -r?f|\brecreate (?:its |the |your )?(?:containers?\b|\{\w+)|create (?:it|them|\S+) again"
_SHOWS = r"\bwrote\b|\bdelete[sd]?\b|docker cp|with cp -a|keeps? (?:the|its) files|copy the files|set_aside"


def texts(source: str) -> Iterator[str]:
    """Yield each text of a module outside of docstrings; a call in it by its name."""
    tree = ast.parse(source)
    plain = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (plain | inside):
            yield node.value


def losing(source: str) -> list[str]:
    """Return the texts that delete what a container wrote without a word about it."""
    return [text for text in texts(source) if re.search(_DELETES, text) and not re.search(_SHOWS, text)]


FIXERS = sorted((ROOT / "fixers").rglob("*.py"))


@pytest.mark.parametrize("path", FIXERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_advice_deletes_files_without_a_word(path: Path) -> None:
    """``docker rm -f web`` in an advice that is copied at 3 a.m. loses a database that has no volume."""
    assert losing(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ('Advise(text=f"docker rm -f {name}, and create it again")', True),
        ('Advise(text=f"recreate {name} with max-size")', True),
        ('Advise(text="docker volume prune frees it")', True),
        ('Advise(text=f"{set_aside(name)}; create {name} again")', False),
        ('Advise(text=f"copy the files that it wrote, then docker rm {name}")', False),
    ],
)
def test_such_advice_is_found(text: str, *, is_found: bool) -> None:
    assert bool(losing(text)) is is_found
