"""Logs of the json-file driver: one JSON object a line; finds and removes damage after a crash."""

import json
from collections.abc import Iterable
from mmap import mmap

from msgspec import Struct

from doctor.formats.json_safe import load
from doctor.model.errors import FormatError

MAX_LINE = 16 << 20
"""dockerd splits at 16 KiB; longer lines of other writers count as damage above this size."""


class Damage(Struct, frozen=True, kw_only=True):
    """Bytes that `docker logs` can't read: it stops there, although the file continues.

    Attributes:
        start: offset of the first damaged byte.
        end: offset after the last, its line end included.
        kind: "nul" for a run of NUL bytes (lost blocks), "truncated" for an incomplete line, "garbage" for others.
    """

    start: int
    end: int
    kind: str


def damages(data: bytes | mmap) -> tuple[Damage, ...]:
    r"""The damaged spans in order; neighbours are joined. Every byte outside of them is a readable line. Never raises.

    A last line without its line end counts as truncated, even if it parses: dockerd appends the next line to it.

    >>> good = b'{"log":"a\\n","stream":"stdout","time":"2024-01-01T00:00:00Z"}\n'
    >>> damages(good + b'\0\0{"log":"b' + good)
    (Damage(start=62, end=135, kind='nul'),)
    """
    found: list[Damage] = []
    start, size = 0, len(data)
    while start < size:
        newline = data.find(b"\n", start)
        end = size if newline < 0 else newline + 1
        kind = _fault(data, start, end)
        if kind and found and found[-1].end == start:
            merged = "nul" if "nul" in {kind, found[-1].kind} else found[-1].kind
            found[-1] = Damage(start=found[-1].start, end=end, kind=merged)
        elif kind:
            found.append(Damage(start=start, end=end, kind=kind))
        start = end
    return tuple(found)


def repaired(data: bytes | mmap, found: Iterable[Damage]) -> bytes:
    r"""The file with the least removed to make it readable: each complete line is kept byte for byte.

    A complete line at the end of a damaged span is kept: it was written directly after lost blocks or a truncated line.
    A truncated last line that parses gets its line end.

    >>> good = b'{"log":"a\\n","stream":"stdout","time":"2024-01-01T00:00:00Z"}\n'
    >>> broken = good + b'\0\0' + good
    >>> repaired(broken, damages(broken)) == good + good
    True
    """
    parts: list[bytes] = []
    position = 0
    for damage in found:
        parts += [data[position : damage.start], *_kept(data[damage.start : damage.end])]
        position = damage.end
    return b"".join([*parts, data[position:]])


def _kept(span: bytes) -> list[bytes]:
    """The complete lines within a damaged span."""
    kept = []
    for line in span.split(b"\n"):
        # Quotes inside a message are escaped, so the last of these begins the last entry.
        begin = line.rfind(b'{"log":')
        if begin >= 0 and len(line) - begin <= MAX_LINE and _is_entry(line[begin:]):
            kept.append(line[begin:] + b"\n")
    return kept


def _fault(data: bytes | mmap, start: int, end: int) -> str:
    """The fault of the line start…end, "" for none."""
    if data.find(b"\0", start, end) >= 0:
        return "nul"
    if data[end - 1 : end] != b"\n":
        return "truncated"
    if end - start > MAX_LINE:
        return "garbage"
    line = data[start : end - 1]
    if _is_entry(line):
        return ""
    return "truncated" if line.startswith(b"{") else "garbage"


def _is_entry(line: bytes) -> bool:
    """Whether a line is one object; the fast way first, since a log has millions."""
    if not line.startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        pass
    try:
        # Go accepts bytes that aren't UTF-8.
        return isinstance(load(line), dict)
    except FormatError:
        return False
