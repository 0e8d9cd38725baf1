"""Reads header blocks of HTTP/2 (RFC 7541), as far as a client needs them that allows no dynamic table.

A server that was sent `SETTINGS_HEADER_TABLE_SIZE` 0 may still use the static table and Huffman codes. Of fields with a name
from the static table only the index is known; gRPC's own fields have literal names.
"""

from functools import cache

_LENGTHS = (
    "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCC"
    "KGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWW"
    "WXWWWWWVZ"
)
"""Length of the Huffman code of each byte and of the end mark, A = 5 bits. The codes are canonical (RFC 7541, appendix B)."""
_END = 256


def fields(block: bytes) -> dict[str, str]:
    r"""The fields of a header block that have a literal name. Raises ValueError.

    >>> fields(b"\x00\x0bgrpc-status\x010")
    {'grpc-status': '0'}
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(block):
        first = block[at]
        if first & 0x80:
            _, at = _integer(block, at, 7)
            continue
        if first & 0xE0 == 0x20:
            _, at = _integer(block, at, 5)
            continue
        index, at = _integer(block, at, 6 if first & 0x40 else 4)
        name, at = (f"static {index}", at) if index else _text(block, at)
        value, at = _text(block, at)
        found[name] = value
    return found


def literal(name: str, value: str) -> bytes:
    r"""A field as a literal that uses no table.

    >>> literal("te", "trailers")
    b'\x00\x02te\x08trailers'
    """
    return b"\x00" + b"".join(_length(len(raw)) + raw for raw in (name.encode(), value.encode()))


def _length(size: int) -> bytes:
    if size < 127:
        return bytes((size,))
    rest, found = size - 127, b"\x7f"
    while rest >= 128:
        found += bytes((rest % 128 + 128,))
        rest //= 128
    return found + bytes((rest,))


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """A number with a prefix of some bits (RFC 7541, 5.1), and the position after it."""
    most = (1 << bits) - 1
    value = block[at] & most
    at += 1
    if value < most:
        return value, at
    for shift in range(0, 28, 7):
        if at >= len(block):
            break
        value += (block[at] & 0x7F) << shift
        at += 1
        if not block[at - 1] & 0x80:
            return value, at
    raise ValueError("a number in the header block is truncated or too large")


def _text(block: bytes, at: int) -> tuple[str, int]:
    if at >= len(block):
        raise ValueError("the header block is truncated")
    is_coded = block[at] & 0x80
    size, at = _integer(block, at, 7)
    raw = block[at : at + size]
    if len(raw) < size:
        raise ValueError("the header block is truncated")
    return (_decoded(raw) if is_coded else raw).decode("utf-8", "replace"), at + size


def _decoded(raw: bytes) -> bytes:
    codes = _codes()
    found = bytearray()
    code, length = 0, 0
    for byte in raw:
        for shift in range(7, -1, -1):
            code, length = code << 1 | byte >> shift & 1, length + 1
            symbol = codes.get((length, code))
            if symbol is None and length > 30:
                raise ValueError("a Huffman code in the header block is invalid")
            if symbol is not None:
                if symbol == _END:
                    raise ValueError("a Huffman code in the header block is invalid")
                found.append(symbol)
                code, length = 0, 0
    return bytes(found)


@cache
def _codes() -> dict[tuple[int, int], int]:
    """The bytes by length and code."""
    found: dict[tuple[int, int], int] = {}
    code, before = 0, 0
    for length, symbol in sorted((ord(letter) - 60, symbol) for symbol, letter in enumerate(_LENGTHS)):
        code <<= length - before
        found[length, code] = symbol
        code, before = code + 1, length
    return found
