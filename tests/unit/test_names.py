"""A name says which: no class name twice, no folder with more modules than one looks through, no endless test module."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("doctor", "checks", "fixers", "reports")
MODULES = 25
LINES = 400
# Each with its reason; anything new has to argue for its place here.
SAME_NAME: dict[str, str] = {}
LARGE_FOLDERS: dict[str, str] = {}
LONG_TESTS: dict[str, str] = {}


def classes(path: Path) -> Iterator[str]:
    """Yield the names of a module's classes."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name


def recurring(paths: list[Path]) -> dict[str, list[str]]:
    """Return each class name that more than one module has, with those modules."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for name in classes(path):
            places[name].append(str(path))
    return {name: where for name, where in places.items() if len(where) > 1}


def test_a_class_name_means_one_thing() -> None:
    """A search for a name finds one class: a second `Options` or `Entry` gets a word in front that says of what."""
    found = recurring([path.relative_to(ROOT) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))])
    assert {name: where for name, where in found.items() if name not in SAME_NAME} == {}
    assert set(SAME_NAME) <= set(found), "an exception that is not needed any more"


def test_a_second_class_of_a_name_is_found(tmp_path: Path) -> None:
    """Private ones too: `_Reader` seven times is seven things to keep apart."""
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("class Options: ...\nclass _Reader: ...\nclass One: ...\n")
    other.write_text("class Options: ...\nclass _Reader: ...\n")
    assert sorted(recurring([one, other])) == ["Options", "_Reader"]


def modules() -> dict[str, int]:
    """Return how many modules each folder has, without its `__init__`."""
    found: dict[str, int] = defaultdict(int)
    for room in (*ROOMS, "tests"):
        for path in (ROOT / room).rglob("*.py"):
            found[str(path.parent.relative_to(ROOT))] += path.stem != "__init__"
    return found


def test_a_folder_is_read_at_a_glance() -> None:
    """At most 25 modules: a larger one is split by subject (docs/design.md, Rooms)."""
    assert {
        folder: count for folder, count in modules().items() if count > MODULES and folder not in LARGE_FOLDERS
    } == {}


def test_a_test_module_fits_on_a_few_screens() -> None:
    """At most 400 lines, as for the rooms; what its tests share goes to a module `…_kit`."""
    long = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > LINES
    }
    assert long == set(LONG_TESTS)
