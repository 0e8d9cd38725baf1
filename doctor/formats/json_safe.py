"""Reads JSON of a host, which may be truncated, huge, binary or hostile, like Go's encoding/json."""

import json
from typing import Any, NoReturn

from msgspec import Struct

from doctor.formats.text import place
from doctor.model.errors import FormatError

MAX_BYTES = 64 << 20
"""Metadata files of an engine are far smaller; a larger one isn't read into memory."""

MAX_DEPTH = 200
"""Deeper than anything an engine writes, and shallow enough for recursive readers of the result."""

_BLANK = " \t\r\n"


class FirstValue(Struct, frozen=True, kw_only=True):
    """The first JSON value of a file, as read by Go's json.Decoder, and the bytes after it.

    Attributes:
        value: dict, list, str, int, float, bool or None.
        end: byte offset after the value.
        trailing: non-blank bytes after the value, at most 64; b"" for a clean file.
    """

    value: Any
    end: int
    trailing: bytes


def _refuse_constant(name: str) -> NoReturn:
    # json.loads accepts NaN and Infinity; neither JSON nor Go does.
    msg = f"invalid number {name}"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def load(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    r"""The single JSON value of a file; the last value of a duplicate key counts, as in Go.

    Raises:
        FormatError: not JSON, data after the value, larger or deeper than the limits.

    >>> load(b'{"Labels": {"a": "1"}}')
    {'Labels': {'a': '1'}}
    >>> load(b"\x00\x00")
    Traceback (most recent call last):
        ...
    doctor.model.errors.FormatError: not JSON: it begins with a NUL byte at line 1, column 1
    """
    first = load_first(data, max_bytes=max_bytes, max_depth=max_depth)
    if first.trailing:
        raise FormatError("not JSON: data after the value", where=_place_of_byte(data, first.end))
    return first.value


def load_object(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Like `load`, for files that must be an object. Raises FormatError for any other value."""
    value = load(data, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise FormatError(f"expected a JSON object, found {kind_of(value)}", where="line 1, column 1")
    return value


def load_first(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> FirstValue:
    """The first value of a file and the bytes after it: dockerd reads config.v2.json and hostconfig.json this way.

    Raises:
        FormatError: no complete value at the start, or larger or deeper than the limits.
    """
    if len(data) > max_bytes:
        raise FormatError(f"not read: {len(data)} bytes of JSON, the limit is {max_bytes}")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    start = _skip_blank(text, 0)
    if start == len(text):
        raise FormatError("not JSON: it is empty")
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _syntax_error(text, error) from None
    except ValueError as error:
        raise FormatError(f"not JSON: {error}") from None
    except RecursionError:
        raise FormatError(f"not read: JSON nested deeper than {max_depth} levels") from None
    if data.count(b"{") + data.count(b"[") > max_depth:
        _check_depth(value, max_depth)
    if not text.isascii() or "\\u" in text:
        value = _without_surrogates(value)
    behind = _skip_blank(text, end)
    before = text[:end]
    end_byte = end if before.isascii() else len(before.encode("utf-8", "surrogateescape"))
    trailing = text[behind : behind + 64].encode("utf-8", "surrogateescape")
    return FirstValue(value=value, end=end_byte, trailing=trailing)


def kind_of(value: Any) -> str:
    """The JSON name of a value's type: object, array, string, number, bool or null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    names = {dict: "object", list: "array", str: "string", int: "number", float: "number"}
    return names.get(type(value), type(value).__name__)


def _skip_blank(text: str, offset: int) -> int:
    end = len(text)
    while offset < end and text[offset] in _BLANK:
        offset += 1
    return offset


def _syntax_error(text: str, error: json.JSONDecodeError) -> FormatError:
    if text.startswith("\0", _skip_blank(text, 0)):
        return FormatError("not JSON: it begins with a NUL byte", where="line 1, column 1")
    if error.pos >= len(text) or error.msg.startswith("Unterminated string"):
        return FormatError("not JSON: it ends too early", where=place(text, len(text)))
    return FormatError(f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}", where=place(text, error.pos))


def _place_of_byte(data: bytes, offset: int) -> str:
    text = data[:offset].decode("utf-8", "surrogateescape")
    return place(text, len(text))


def clean(value: Any, max_depth: int = MAX_DEPTH) -> Any:
    """A parsed value with lone surrogates replaced as Go does. Raises FormatError if it is nested too deeply."""
    _check_depth(value, max_depth)
    return _without_surrogates(value)


def _check_depth(value: Any, max_depth: int) -> None:
    level = [value]
    for _ in range(max_depth + 1):
        below = []
        for item in level:
            for child in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
                # A list of rules has half a million values: one test for each counts.
                kind = type(child)
                if kind is dict or kind is list:
                    below.append(child)
        if not below:
            return
        level = below
    raise FormatError(f"not read: JSON nested deeper than {max_depth} levels")


def _without_surrogates(value: Any) -> Any:
    """Lone surrogates, from bad UTF-8 or bad escapes, become U+FFFD as in Go: so that no later output fails."""
    if isinstance(value, str):
        return value if value.isascii() else _clean(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def _clean(text: str) -> str:
    try:
        # Almost all text is valid, and this is a hundred times faster than a look at each character.
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        return text
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
