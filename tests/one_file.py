"""The two settings in which the unit tests and cases run: an installed command, and the one file (``scripts/onefile-test unit``).

A test that needs what the file does not have is marked ``@pytest.mark.not_in_one_file("…")`` with a word of ``LACKS``. It is
skipped there, and nowhere else. A module that can't be imported without ``ssl`` asks ``pytest.importorskip`` with the same words.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from doctor import IS_ONE_FILE

CHECKOUT = Path(__file__).parents[1]
LACKS = {
    "files": "is about modules or packages in files: the one file has all in itself, and no cache or record beside it",
    "ssl": "needs ssl, which the one file does not have",
    "allocator": "needs a limit of memory to the MiB: the file's allocator reserves 1 GiB of addresses ahead, which count for the limit",
    "compiled": "needs a package for tests that has compiled modules, which a static program can't load",
}
"""Parts that the one file does not have, each with the end of a sentence that begins with a test."""
MARK = "not_in_one_file"


def skip_what_is_lacking(items: list[pytest.Item]) -> None:
    """Skip the marked tests in the one file. Raises ``KeyError`` for an unknown word in both settings."""
    for item in items:
        for mark in item.iter_markers(MARK):
            reason = LACKS[mark.args[0]]
            if IS_ONE_FILE:
                item.add_marker(pytest.mark.skip(reason=reason))


def modules(package: str) -> Iterator[str]:
    """Yield the modules and packages below a package of doctor: ``pkgutil`` lists those of a directory alone."""
    for one in sorted(resources.files(package).iterdir(), key=lambda one: one.name):
        name = f"{package}.{one.name.removesuffix('.py')}"
        if one.is_dir() and (one / "__init__.py").is_file():
            yield name
            yield from modules(name)
        elif one.name.endswith(".py") and one.name != "__init__.py":
            yield name


def print_skipped(reporter: pytest.TerminalReporter) -> None:
    """Print after a run in the one file how many tests were skipped for want of what."""
    if IS_ONE_FILE:
        skipped = Counter(str(report.longrepr[2]) for report in reporter.stats.get("skipped", ()))
        reporter.section("skipped in the one file")
        for lack, reason in LACKS.items():
            reporter.line(f"{skipped.pop(f'Skipped: {reason}', 0):6} {lack}: it {reason}")
        reporter.line(f"{skipped.total():6} for reasons that are not the file's")


def source_of(path: str) -> Path:
    """Return the source of a module of doctor, by the path that the module has: in the one file, that of the checkout."""
    if not IS_ONE_FILE:
        return Path(path)
    inside = Path(path).relative_to(f"{sys.executable}/doctor")
    return CHECKOUT / ("" if inside.parts[0] in {"checks", "fixers", "reports"} else "doctor") / inside


def interpreter_of(command: Path) -> str:
    """Return the ``sys.executable`` of an installed command: the interpreter beside it; the one file is its own."""
    return str(command if IS_ONE_FILE else command.with_name("python3"))
