"""JSON of doctor's own records, which hold names of a host: a name is bytes, and need not be UTF-8."""

import json
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def encode(value: Any, *, indent: int | None = None) -> bytes:
    r"""Return the JSON of a value; bytes of a name that are not UTF-8 are escaped ("\udce9"), which msgspec does not do.

    >>> encode({"path": b"/caf\xe9".decode("utf-8", "surrogateescape")})
    b'{"path":"/caf\\udce9"}'
    """
    try:
        compact = msgspec.json.encode(value)
    except UnicodeEncodeError:
        separators = (",", ":") if indent is None else None
        return json.dumps(msgspec.to_builtins(value), indent=indent, separators=separators).encode("ascii")
    return compact if indent is None else msgspec.json.format(compact, indent=indent)


def decode(data: bytes, kind: type[T]) -> T:
    """Return what ``encode`` was given; raises ``msgspec.DecodeError`` or ``RecursionError``."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError:
        if b"\\ud" not in data:
            raise
    try:
        return msgspec.convert(json.loads(data), kind)
    except ValueError as error:
        # Both JSONDecodeError and UnicodeDecodeError are of this kind.
        raise msgspec.DecodeError(str(error)) from error
