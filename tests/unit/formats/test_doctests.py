"""Each parser's docstring shows a real sample, and every sample of any docstring is right."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import doctor
import doctor.formats

MODULES = sorted(module.name for module in pkgutil.iter_modules(doctor.formats.__path__))
ROOT = Path(doctor.__file__).parent.parent
SAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for room in ("doctor", "reports")
    for path in (ROOT / room).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_in_docstrings_are_right(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_every_parser_shows_a_sample() -> None:
    folder = Path(doctor.formats.__file__).parent
    found = {name for name in MODULES if ">>> " not in (folder / f"{name}.py").read_text()}
    assert found <= NO_SAMPLE_NEEDED


NO_SAMPLE_NEEDED = {
    "json_lexer",
    "libnetwork_shapes",
    "libnetwork_values",
    "json_tree",
    "json_text",
    "bolt_page",
    "bolt_salvage",
    "flag_edit",
}
"""Parts of another parser, whose sample speaks for them."""
