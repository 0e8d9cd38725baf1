"""Values of decoded JSON by type: an empty one for a value of another type, as hostile files have it."""

from typing import Any


def text(value: Any) -> str:
    """Return a string, "" for anything else."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int:
    """Return an integer, 0 for anything else.

    >>> number(3), number(True), number("3")
    (3, 0, 0)
    """
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def mapping(value: Any) -> dict[str, Any]:
    """Return an object, {} for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a list, [] for anything else."""
    return value if isinstance(value, list) else []


def mappings(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    return [one for one in items(value) if isinstance(one, dict)]


def texts(value: Any) -> tuple[str, ...]:
    """Return the strings of a list."""
    return tuple(one for one in items(value) if isinstance(one, str))


def text_pairs(value: Any) -> dict[str, str]:
    """Return the entries of an object whose value is a string.

    >>> text_pairs({"a": "b", "c": 1})
    {'a': 'b'}
    """
    return {key: one for key, one in mapping(value).items() if isinstance(one, str)}
