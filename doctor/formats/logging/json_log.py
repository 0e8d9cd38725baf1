"""Logs of the json-file driver: one JSON object a line, and what a crash leaves between them."""

import json
from collections.abc import Iterable
from mmap import mmap

from msgspec import Struct

from doctor.formats.json_safe import load
from doctor.model.errors import FormatError

MAX_LINE = 16 << 20
"""dockerd splits at 16 KiB; logs of other writers get this much before they count as damage."""


class Damage(Struct, frozen=True, kw_only=True):
    """Bytes that `docker logs` can't read: it stops there, although the file goes on.

    Attributes:
        start: offset of the first damaged byte.
        end: offset behind the last, its line end included.
        kind: "nul" for a run of NUL bytes (lost blocks), "torn" for a line that isn't whole, "garbage" for others.
    """

    start: int
    end: int
    kind: str


def damages(data: bytes | mmap) -> tuple[Damage, ...]:
    r"""The damaged spans in order; neighbours are joined. Every byte outside of them is a readable line. Never raises.

    A last line without its line end is torn, also when it parses: dockerd appends the next line to it.

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
    r"""The file with as little taken out as makes it readable: each whole line stays byte for byte.

    Of a damaged span the whole line at its end is kept where there is one: the end of a line that was written right
    behind lost blocks, or behind a torn line. A torn last line that parses gets its line end.

    >>> good = b'{"log":"a\\n","stream":"stdout","time":"2024-01-01T00:00:00Z"}\n'
    >>> torn = good + b'\0\0' + good
    >>> repaired(torn, damages(torn)) == good + good
    True
    """
    parts: list[bytes] = []
    position = 0
    for damage in found:
        parts += [data[position : damage.start], *_kept(data[damage.start : damage.end])]
        position = damage.end
    return b"".join([*parts, data[position:]])


def _kept(span: bytes) -> list[bytes]:
    """The whole lines within a damaged span."""
    kept = []
    for line in span.split(b"\n"):
        # Quotes inside a message are escaped, so the last of these begins the last entry.
        begin = line.rfind(b'{"log":')
        if begin >= 0 and len(line) - begin <= MAX_LINE and _is_entry(line[begin:]):
            kept.append(line[begin:] + b"\n")
    return kept


def _fault(data: bytes | mmap, start: int, end: int) -> str:
    """What is wrong with the line start…end, "" if nothing."""
    if data.find(b"\0", start, end) >= 0:
        return "nul"
    if data[end - 1 : end] != b"\n":
        return "torn"
    if end - start > MAX_LINE:
        return "garbage"
    line = data[start : end - 1]
    if _is_entry(line):
        return ""
    return "torn" if line.startswith(b"{") else "garbage"


def _is_entry(line: bytes) -> bool:
    """Whether a line is one object; the fast way first, since a log has millions."""
    if not line.startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        pass
    try:
        # Go takes bytes that aren't UTF-8.
        return isinstance(load(line), dict)
    except FormatError:
        return False
