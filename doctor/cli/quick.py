"""Parses the options of ``doctor scan`` without typer, which costs a quarter of a scan.

It accepts valid, common spellings only. For help, mistakes and rare spellings it returns ``None``, and typer parses the
line, so help and errors have one source. A test compares the options of both.
"""

VALUES = {
    "--select": "select",
    "--skip": "skip",
    "--root": "root",
    "--data-root": "data_root",
    "--format": "format",
    "-f": "format",
    "--output": "output",
    "-o": "output",
    "--fail-on": "fail_on",
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


def scan_options(arguments: list[str]) -> tuple[dict[str, str], dict[str, bool]] | None:
    """Return the values and flags after ``scan``, by field; ``None`` if typer must parse the line."""
    values: dict[str, str] = {}
    flags: dict[str, bool] = {}
    words = iter(arguments)
    if next(words, "") != "scan":
        return None
    for word in words:
        name, joined, value = word.partition("=")
        if word in FLAGS:
            flags[FLAGS[word]] = True
        elif word in VALUES:
            values[VALUES[word]] = next(words, "-")
            if values[VALUES[word]].startswith("-"):
                return None
        elif joined and name.startswith("--") and name in VALUES:
            values[VALUES[name]] = value
        else:
            return None
    return values, flags


def scan(values: dict[str, str], flags: dict[str, bool]) -> int:
    """Run the requested scan and return its exit code."""
    from msgspec import convert

    from doctor.cli import scan as body
    from doctor.cli.common import Shared

    shared = Shared.make(
        verbose=flags.pop("verbose", False), quiet=flags.pop("quiet", False), color=values.pop("color", "auto")
    )
    return body.run(convert({**values, **flags}, body.Options), shared)
