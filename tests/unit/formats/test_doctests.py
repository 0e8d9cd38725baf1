"""Each parser's docstring shows a real sample, and every sample of any docstring is right."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
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
    modules = [*(ROOT / "doctor/formats").rglob("*.py"), *(ROOT / "doctor/proof/tar").glob("*.py")]
    found = {
        path.stem for path in modules if path.stem != "__init__" and ">>> " not in path.read_text(encoding="utf-8")
    }
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
    "routes",
    "nft_marks",
}
"""Parts of another parser, whose sample speaks for them, and messages that are only written."""
