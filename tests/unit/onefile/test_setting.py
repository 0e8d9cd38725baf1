"""The unit tests run in the one file as well: they are collected there, and look at what it holds."""

import ast
from pathlib import Path

import pytest

from doctor.runtime import pack
from tests.one_file import CHECKOUT, LACKS, modules, skip_what_is_lacking, source_of

COMPILED = {"ssl", "lzma", "bz2", "readline", "curses", "tkinter", "dbm"}
"""Parts of the standard library that need a library which the file does not have."""
UNITS = sorted(path for top in ("tests/unit", "tests/cases") for path in (CHECKOUT / top).rglob("*.py"))


@pytest.mark.parametrize("path", UNITS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_module_of_tests_needs_what_the_file_lacks_to_be_collected(path: Path) -> None:
    """An import stands in the test that needs it, with its mark; the others of the module run."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    assert names & COMPILED == set()


def test_modules_are_those_on_the_disk() -> None:
    """Wherever the package is."""
    top = CHECKOUT / "doctor/collect"
    there = {
        ".".join(("doctor.collect", *path.relative_to(top).with_suffix("").parts)).removesuffix(".__init__")
        for path in top.rglob("*.py")
    }
    assert set(modules("doctor.collect")) == there - {"doctor.collect"}


def test_a_source_is_found_by_the_path_of_its_module() -> None:
    assert source_of(str(pack.__file__)).read_text() == (CHECKOUT / "doctor/runtime/pack.py").read_text()


def test_a_mark_has_a_known_reason(request: pytest.FixtureRequest) -> None:
    """A misspelt word is an error in the ordinary run, too."""
    item = request.node
    item.add_marker(pytest.mark.not_in_one_file(next(iter(LACKS))))
    skip_what_is_lacking([item])
    item.add_marker(pytest.mark.not_in_one_file("no such word"))
    with pytest.raises(KeyError):
        skip_what_is_lacking([item])
