"""The last line of a container's log, from the end of its file, for the drivers json-file and local. Never raises."""

import json
from collections.abc import Iterator

_NEAR = 5
_MOST = 200
"""Blank lines at the end that are passed over."""


def of_json_file(tail: bytes) -> str:
    r"""Return the last line that is not blank, "" without one. The beginning of the tail may be a part of a line.

    Of the last five lines one of the standard error stream has priority: both streams reach the log at their own pace.

    >>> of_json_file(b'tial"}\n{"log":"no config\\n"}\n{"log":"\\n"}\n\0\0\0')
    'no config'
    """
    last = ""
    seen = 0
    for raw in tail.replace(b"\0", b"").splitlines()[: -_MOST - 1 : -1]:
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        text = value.get("log") if isinstance(value, dict) else None
        if isinstance(text, str) and text.strip():
            if value.get("stream") == "stderr":
                return text.strip()
            last = last or text.strip()
            seen += 1
            if seen == _NEAR:
                break
    return last


def of_local(tail: bytes) -> str:
    r"""Return the same from a log of the driver ``local``: entries of protobuf, with their size before and after.

    >>> entry = b"\x0a\x06stdout\x10\x05\x1a\x04last"
    >>> of_local(b"part" + (size := len(entry).to_bytes(4, "big")) + entry + size)
    'last'
    """
    end = len(tail)
    for _ in range(_MOST):
        size = int.from_bytes(tail[max(0, end - 4) : end], "big")
        start = end - 4 - size
        if end < 8 or not size or start < 4 or tail[start - 4 : start] != tail[end - 4 : end]:
            return ""
        text = b"".join(value for field, value in _fields(tail[start : start + size]) if field == 3)
        if text.strip():
            return text.decode("utf-8", "replace").strip()
        end = start - 4
    return ""


def _fields(entry: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of the fields that have a length (moby api/types/plugins/logdriver/entry.proto)."""
    at = 0
    while at < len(entry):
        key, at = _varint(entry, at)
        value, at = _varint(entry, at)
        if key & 7 == 2:
            yield key >> 3, entry[at : at + value]
            at += value
        elif key & 7:
            return


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            break
        shift += 7
    return value, at
