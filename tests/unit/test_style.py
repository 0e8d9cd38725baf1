"""Text is plain English: no word that docs/style.md lists as out, in the rooms that are done; help lines are complete."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.cli.app import _COMMANDS

ROOT = Path(__file__).parents[2]
STYLE = ROOT / "docs/style.md"
# Files and folders, as patterns; a room is added once its text is done.
ROOMS = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "benchmarks/**/*.py",
    "checks",
    "docs/decisions",
    "docs/design.md",
    "docs/guide.md",
    "docs/settings.md",
    "docs/writing-a-check.md",
    "doctor/api",
    "doctor/bundle",
    "doctor/cli",
    "doctor/collect",
    "doctor/engines",
    "doctor/facts",
    "doctor/formats",
    "doctor/guard",
    "doctor/history",
    "doctor/host",
    "doctor/model",
    "doctor/notify",
    "doctor/plugins",
    "doctor/probes",
    "doctor/proof",
    "doctor/rebuild",
    "doctor/repair",
    "doctor/runtime",
    "doctor/salvage",
    "doctor/scan",
    "doctor/state",
    "doctor/trace",
    "fixers",
    "packages",
    "reports",
    "scripts",
    "tests/**/*.py",
)
SUFFIXES = {".html", ".md", ".py", ".sh", ".toml", ""}


def listed() -> dict[str, re.Pattern[str]]:
    """Return the expressions of the table, by their text."""
    rows = STYLE.read_text().partition("## Words that are out")[2].splitlines()
    # A bar within a cell is escaped.
    texts = [row[3 : row.rindex("` |")].replace(r"\|", "|") for row in rows if row.startswith("| `")]
    return {text: re.compile(text, re.IGNORECASE | re.MULTILINE) for text in texts}


OUT = listed()


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the prose of a file with the line where it begins."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from of_python(text)
    elif path.suffix == ".md":
        yield from documented(text)
    else:
        yield from enumerate(text.splitlines(), 1)


def of_python(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments and strings; a string without a space is a name."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def documented(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a document outside of code blocks, without code spans and the targets of links."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield number, re.sub(r"`[^`]*`|\]\([^)]*\)", "", line)


def faults(path: Path) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: '{found[0]}' ({text})"
        for line, words in prose(path)
        for text, pattern in OUT.items()
        if (found := pattern.search(words)) is not None
    ]


def files(room: str) -> list[Path]:
    tops = ROOT.glob(room)
    found = sorted(path for top in tops for path in ([top] if top.is_file() else top.rglob("*")))
    return [
        path
        for path in found
        if path.is_file()
        and path.suffix in SUFFIXES
        and "__pycache__" not in path.parts
        and path not in {STYLE, Path(__file__)}
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_no_word_that_is_out(room: str) -> None:
    """The message names file, line and word."""
    assert files(room), f"{room} is empty: was it renamed?"
    assert [fault for path in files(room) for fault in faults(path)] == []


def test_the_table_is_read() -> None:
    """Each expression compiles, and the words of the issue are found."""
    assert len(OUT) > 10
    for words in ("nothing tells it", "What is lost stays lost", "a torn file", "it is made again", "was taken back"):
        assert any(pattern.search(words) for pattern in OUT.values()), words
    for words in ("there is no space left", "it is no longer there", "the network is missing"):
        assert not any(pattern.search(words) for pattern in OUT.values()), words


@pytest.mark.parametrize("command", ["", *_COMMANDS])
def test_help_lines_are_complete(command: str) -> None:
    """A summary that is too long for its line is cut off with dots."""
    program = Path(sys.executable).with_name("doctor")
    words = [program, *filter(None, [command]), "--help"]
    env = {"COLUMNS": "80", "PATH": str(program.parent)}  # else its usage begins with a path of any length
    lines = subprocess.run(words, capture_output=True, text=True, check=True, env=env).stdout.splitlines()
    assert [line for line in lines if line.rstrip().endswith(("...", "…")) and not line.startswith("Usage:")] == []
