"""Finds the mistakes of a daemon.json that dockerd rejects, and the smallest change that makes it valid JSON."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from doctor.formats.config import daemon_json, json_tree
from doctor.formats.config.json_lexer import Edit, Mistake
from doctor.formats.config.json_text import open_text
from doctor.formats.text import place
from doctor.model.errors import FormatError

MAX_BYTES = 256 << 10
"""A larger file is not hand-written."""


class Mending(Struct, frozen=True, kw_only=True):
    """The result for a file.

    Attributes:
        mistakes: in order of position; empty for a file that dockerd accepts.
        places: the place of each mistake ("line 3, column 5").
        repaired: the file with only the mistakes fixed, which dockerd accepts; None if a mistake is ambiguous. Comments
            are dropped: JSON has none.
        value: the settings in `repaired`; None without it.
    """

    mistakes: tuple[Mistake, ...]
    places: tuple[str, ...]
    repaired: bytes | None
    value: dict[str, Any] | None


def examine(data: bytes) -> Mending:
    r"""The mistakes in a file and its repaired bytes. Never raises.

    >>> found = examine(b"{\n  \"debug\": true, // for now\n  'log-driver': \"json-file\",\n}\n")
    >>> [mistake.kind for mistake in found.mistakes]
    ['comment', 'single-quotes', 'trailing-comma']
    >>> print(found.repaired.decode(), end="")
    {
      "debug": true,
      "log-driver": "json-file"
    }
    """
    try:
        return Mending(mistakes=(), places=(), repaired=data, value=daemon_json.read(data).value)
    except FormatError:
        pass
    if len(data) > MAX_BYTES:
        return _hopeless("unreadable", len(data), "line 1, column 1")
    unmarked = _unmarked_utf16(data)
    if unmarked is not None:
        edits = (Edit(start=0, end=0, new="\ufeff"),)
        mistake = Mistake(kind="utf-16-unmarked", start=0, end=0, edits=edits)
        settings = daemon_json.read(unmarked).value
        return Mending(mistakes=(mistake,), places=("line 1, column 1",), repaired=unmarked, value=settings)
    try:
        opened = open_text(data)
    except FormatError as error:
        return _hopeless("unreadable", len(data), error.where)
    start, end = opened.bounds()
    root, mistakes = json_tree.parse(opened.text, start, end)
    if not mistakes:
        # Valid JSON that dockerd rejects: an array, a string, a number of a thousand digits.
        kind = "unreadable" if root is None or root.kind == "object" else "no-object"
        mistakes = (Mistake(kind=kind, start=start, end=end, edits=()),)
    places = tuple(place(opened.text, mistake.start) for mistake in mistakes)
    repaired: bytes | None = None
    value: dict[str, Any] | None = None
    if all(mistake.edits for mistake in mistakes):
        edited = apply(opened.text, (edit for mistake in mistakes for edit in mistake.edits))
        try:
            repaired = opened.encode(edited)
            value = daemon_json.read(repaired).value
        except (FormatError, UnicodeEncodeError):
            repaired = None
    return Mending(mistakes=mistakes, places=places, repaired=repaired, value=value)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits made; of two overlapping ones only the first is applied, insertions at one place keep their
    order.
    """
    parts = []
    position = 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        if edit.start >= position:
            parts += [text[position : edit.start], edit.new]
            position = edit.end
    return "".join([*parts, text[position:]])


def _hopeless(kind: str, end: int, where: str) -> Mending:
    mistake = Mistake(kind=kind, start=0, end=end, edits=())
    return Mending(mistakes=(mistake,), places=(where,), repaired=None, value=None)


def _unmarked_utf16(data: bytes) -> bytes | None:
    """The file with a byte order mark added if that makes it valid; otherwise None."""
    for mark, zeros in ((b"\xff\xfe", data[1:40:2]), (b"\xfe\xff", data[0:40:2])):
        if zeros and not zeros.strip(b"\0"):
            try:
                daemon_json.read(mark + data)
            except FormatError:
                continue
            return mark + data
    return None
