"""The promises of docs/design.md: each names the tests that hold it, and each of those is there and runs."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs/design.md").read_text(encoding="utf-8").partition("## Promises\n")[2]
PROMISES = {
    int(number): text for number, text in re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |\Z)", SECTION, re.MULTILINE | re.DOTALL)
}
NAMED = re.compile(r"^ +- `(tests/[\w/]+\.py)::(test_\w+)`$", re.MULTILINE)


@cache
def functions(path: str) -> dict[str, ast.FunctionDef]:
    """The tests of a module, those of classes too, by name."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_are_twelve() -> None:
    assert list(PROMISES) == list(range(1, 13))


@pytest.mark.parametrize("number", PROMISES)
def test_the_tests_that_hold_a_promise_are_there(number: int) -> None:
    """Under the name that the page gives; a list entry that is not the name of a test is a mistake."""
    named = NAMED.findall(PROMISES[number])
    assert len(named) >= 2
    assert len(named) == len(re.findall(r"^ +- ", PROMISES[number], re.MULTILINE))
    assert [f"{path}::{name}" for path, name in named if name not in functions(path)] == []


@pytest.mark.parametrize("number", PROMISES)
def test_they_can_fail(number: int) -> None:
    """Each says something that may be wrong, and none is skipped or expected to fail."""
    for path, name in NAMED.findall(PROMISES[number]):
        function = functions(path)[name]
        marks = " ".join(ast.unparse(mark) for mark in function.decorator_list)
        assert "skip" not in marks, name
        assert "xfail" not in marks, name
        says = any(isinstance(node, ast.Assert) for node in ast.walk(function))
        assert says or "raises" in ast.unparse(function), name
