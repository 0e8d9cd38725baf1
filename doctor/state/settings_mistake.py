"""Explains a mistake in the settings: the key, the fault, and the allowed values."""

import json
import re
from difflib import get_close_matches
from typing import Any, get_args

from msgspec.structs import fields

from doctor.model.errors import UsageError

_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "date": "a date such as 2027-01-31",
    "int": "a whole number",
    "object": "a table",
    "str": "a string",
}
_PROBLEMS = {
    "Expected `int` >= 0": "must be at least 0",
    "Expected `int` >= 1": "must be at least 1",
    "Expected `int` <= 60": "must be at most 60",
    "Expected `str` matching regex '^(/|$)'": "must be an absolute path",
    "Invalid RFC3339 encoded date": f"must be {_WORDS['date']}",
}


def explain(text: str, table: dict[str, Any], whole: type, path: str) -> UsageError:
    """Return the error for a message of msgspec.

    Args:
        text: the message ("Expected `int` >= 1 - at `$.history.keep-days`").
        table: the decoded file.
        whole: the type that it does not match.
        path: the file.
    """
    problem, found, place = text.rpartition(" - at `$")
    parts = [int(part[1:-1]) if part[0] == "[" else part for part in re.findall(r"\[\d+\]|[\w-]+", place)]
    try:
        kind, value = _at(whole, table, parts)
    except LookupError:
        found = ""  # it is in the name of an unknown key
    if not found:
        problem, parts, kind, value = text, [], whole, table
    named = re.fullmatch(r"Object (contains unknown|missing required) field `(.*)`", problem, re.DOTALL)
    if named is not None and named[1] == "missing required":
        return _error([*parts, named[2]], "is missing", path, f'add {named[2]} = "…"')
    if named is not None:
        names = [one.encode_name for one in fields(kind)]
        near = get_close_matches(named[2], names, n=1)
        do = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(sorted(names))}"
        return _error([*parts, named[2]], "is unknown", path, do)
    if problem.endswith("of length >= 1"):
        return _error(parts, "is empty", path, f'add {parts[-1]} = "…"')
    return _error(parts, f"{_needed(problem, kind)}, not {json.dumps(value, default=str, ensure_ascii=False)}", path)


def _at(kind: Any, value: Any, parts: list[int | str]) -> tuple[Any, Any]:
    """Return the type and the value at a place; raises ``LookupError``."""
    for part in parts:
        value = value[part]
        kind = get_args(kind)[0] if isinstance(part, int) else {one.encode_name: one.type for one in fields(kind)}[part]
    return kind, value


def _needed(problem: str, kind: Any) -> str:
    if problem.startswith("Invalid enum value"):
        words = (word or '""' for word in get_args(kind))
        return f"must be one of {', '.join(words)}"
    known = re.match(r"Expected `(\w+)", problem)
    return _PROBLEMS.get(problem) or f"must be {_WORDS[known[1]] if known else kind}"


def _error(parts: list[int | str], problem: str, path: str, do: str = "") -> UsageError:
    label = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
    return UsageError(f"setting '{label}' {problem}", where=path, do=do)
