"""Reads daemon.json as dockerd does, with the same errors."""

import json
from typing import Any

from msgspec import Struct

from doctor.formats import json_safe
from doctor.formats.config import go_json
from doctor.formats.config.json_text import open_text
from doctor.formats.text import place
from doctor.model.errors import FormatError

MAX_BYTES = 4 << 20
"""A larger file is not a settings file."""


class Duplicate(Struct, frozen=True, kw_only=True):
    """A duplicate key in one object; dockerd silently uses the last one.

    Attributes:
        key: the key.
        values: all its values, in the order written.
    """

    key: str
    values: tuple[Any, ...]


class ParsedDaemonJson(Struct, frozen=True, kw_only=True):
    """The settings file as dockerd understands it.

    Attributes:
        value: the settings; {} for an empty or blank file and for `null`.
        duplicates: keys written twice, at any depth.
    """

    value: dict[str, Any]
    duplicates: tuple[Duplicate, ...]


def read(data: bytes) -> ParsedDaemonJson:
    r"""The settings that dockerd reads from these bytes, as in moby's daemon/config/config.go (23.0 and newer).

    Raises:
        FormatError: dockerd refuses the file; `what` is the message of its log.

    >>> read(b"\xef\xbb\xbf{\"debug\": true, \"debug\": false}").duplicates
    (Duplicate(key='debug', values=(True, False)),)
    >>> read(b'{"debug": true,}')
    Traceback (most recent call last):
        ...
    doctor.model.errors.FormatError: invalid character '}' looking for beginning of object key string at line 1, column 16
    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"not read: {len(data)} bytes, the limit is {MAX_BYTES}")
    opened = open_text(data)
    start, end = opened.bounds()
    found: list[Duplicate] = []
    value: Any = _parse(opened.text, start, end, found) if end else {}
    if value is None:
        value = {}
    if not isinstance(value, dict):
        kind = json_safe.kind_of(value)
        words = f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        raise FormatError(words, where=place(opened.text, start))
    return ParsedDaemonJson(
        value=value,
        duplicates=tuple(found),
    )


def _parse(text: str, start: int, end: int, duplicates: list[Duplicate]) -> Any:
    def take(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            grouped: dict[str, list[Any]] = {}
            for key, item in pairs:
                grouped.setdefault(key, []).append(item)
            duplicates.extend(
                Duplicate(key=json_safe.clean(key), values=tuple(json_safe.clean(items)))
                for key, items in grouped.items()
                if len(items) > 1
            )
        return result

    body = text[start:end]
    try:
        value = json.loads(body, object_pairs_hook=take, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        found = go_json.first_error(body)
        if found is None:
            raise FormatError("nested too deeply, or a number too long", where=place(text, start)) from error
        offset, words = found
        raise FormatError(words, where=place(text, start + offset)) from None
    return json_safe.clean(value, json_safe.MAX_DEPTH)


def _refuse(name: str) -> Any:
    raise ValueError(name)
