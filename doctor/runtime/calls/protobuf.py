"""The protobuf wire format, as far as containerd's API needs it: messages as field numbers and values.

Source: https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Iterator

Value = int | str | bytes


def message(*given: tuple[int, Value]) -> bytes:
    r"""A message of fields; a field with an empty value is left out.

    >>> message((1, "id"), (3, 9), (4, ""))
    b'\n\x02id\x18\t'
    """
    return b"".join(_field(number, value) for number, value in given if value)


def fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    r"""Yield the fields of a message, in order. Raises ValueError.

    >>> list(fields(b'\n\x02id\x18\t'))
    [(1, b'id'), (3, 9)]
    """
    at = 0
    while at < len(body):
        tag, at = _varint(body, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(body, at)
            yield tag >> 3, value
            continue
        size = {1: 8, 5: 4}.get(kind, -1)
        if kind == 2:
            size, at = _varint(body, at)
        if size < 0 or at + size > len(body):
            raise ValueError("a protobuf message is truncated or invalid")
        yield tag >> 3, body[at : at + size]
        at += size


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    raw = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | 2) + _number(len(raw)) + raw


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(body):
            break
        value |= (body[at] & 0x7F) << shift
        at += 1
        if not body[at - 1] & 0x80:
            return value, at
    raise ValueError("a protobuf number is truncated or too large")
