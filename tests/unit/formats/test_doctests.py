"""Each parser's docstring shows a real sample, and the sample is right."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import doctor.formats

MODULES = sorted(module.name for module in pkgutil.iter_modules(doctor.formats.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_samples_in_docstrings_are_right(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"doctor.formats.{name}"))
    assert result.failed == 0


def test_every_parser_shows_a_sample() -> None:
    folder = Path(doctor.formats.__file__).parent
    found = {name for name in MODULES if ">>> " not in (folder / f"{name}.py").read_text()}
    assert found <= NO_SAMPLE_NEEDED


NO_SAMPLE_NEEDED = {"json_lexer", "json_tree", "json_text", "bolt_page", "bolt_salvage", "flag_edit"}
"""Parts of another parser, whose sample speaks for them."""
