"""Parses the options of ``doctor scan`` and of a plain ``doctor fix`` without typer, which costs 25 ms.

A scan of a small host takes 207 ms of CPU, 232 with typer (minima of 8 in turns), and may take 250; its median on a busy machine is 228.
A plan for a host without problems takes 1.07 times the CPU of its scan, 1.25 times with typer.

It accepts valid, common spellings only. For help, mistakes and rare spellings it returns ``None``, and typer parses the
line, so help and errors have one source. A test compares the options of both.
"""

from collections.abc import Callable
from typing import Any

VALUES = {
    "--select": "select",
    "--skip": "skip",
    "--root": "root",
    "--data-root": "data_root",
    "--bundle": "bundle",
    "--format": "format",
    "-f": "format",
    "--output": "output",
    "-o": "output",
    "--fail-on": "fail_on",
    "--for-engine": "for_engine",
    "--color": "color",
}
FLAGS = {
    "--deep": "deep",
    "--probe": "probe",
    "--since-last": "since_last",
    "--scheduled": "scheduled",
    "--verbose": "verbose",
    "-v": "verbose",
    "--quiet": "quiet",
    "-q": "quiet",
}
SHARED = ("verbose", "quiet", "color")


PLAN_VALUES = {word: field for word, field in VALUES.items() if field in {"root", "format", "output", "color"}}
PLAN_FLAGS = {word: field for word, field in FLAGS.items() if field in {"deep", "verbose", "quiet"}}
"""Options of a ``doctor fix`` that only prints its plan for all findings; other options would not save time."""


def scan_options(arguments: list[str]) -> tuple[dict[str, str], dict[str, bool]] | None:
    """Return the values and flags after ``scan``, by field; ``None`` if typer must parse the line."""
    return _options(arguments[1:], VALUES, FLAGS) if arguments[:1] == ["scan"] else None


def plan_options(arguments: list[str]) -> tuple[dict[str, str], dict[str, bool]] | None:
    """Return the values and flags after ``fix``, by field; ``None`` if typer must parse the line."""
    return _options(arguments[1:], PLAN_VALUES, PLAN_FLAGS) if arguments[:1] == ["fix"] else None


def _options(
    arguments: list[str], known_values: dict[str, str], known_flags: dict[str, str]
) -> tuple[dict[str, str], dict[str, bool]] | None:
    values: dict[str, str] = {}
    flags: dict[str, bool] = {}
    words = iter(arguments)
    for word in words:
        name, joined, value = word.partition("=")
        if word in known_flags:
            flags[known_flags[word]] = True
        elif word in known_values:
            values[known_values[word]] = next(words, "-")
            if not values[known_values[word]] or values[known_values[word]].startswith("-"):
                return None
        elif joined and name.startswith("--") and name in known_values:
            if not value:
                return None
            values[known_values[name]] = value
        else:
            return None
    return values, flags


def scan(values: dict[str, str], flags: dict[str, bool]) -> int:
    """Run the requested scan and return its exit code."""
    from doctor.cli.commands import scan as body

    if values.get("bundle"):
        from doctor.cli.commands import bundled

        return _run(bundled.scan_bundle, body.ScanOptions, values, flags)
    return _run(body.run, body.ScanOptions, values, flags)


def plan(values: dict[str, str], flags: dict[str, bool]) -> int:
    """Print the requested plan and return its exit code."""
    from doctor.cli.commands import fix as body
    from doctor.cli.commands.planned import FixOptions

    return _run(body.run, FixOptions, values, flags)


def _run(body: Callable[[Any, Any], int], options: type, values: dict[str, str], flags: dict[str, bool]) -> int:
    from msgspec import convert

    from doctor.cli.common import SharedOptions

    shared = SharedOptions.make(
        verbose=flags.pop("verbose", False), quiet=flags.pop("quiet", False), color=values.pop("color", "auto")
    )
    return body(convert({**values, **flags}, options), shared)
