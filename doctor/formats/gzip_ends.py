"""Checks whether a file can be a complete gzip file, by its first and last bytes alone (RFC 1952)."""

HEAD_BYTES = 3
"""Bytes that `ends_fit` needs from the start: magic number and method."""
TAIL_BYTES = 4
"""Bytes that `ends_fit` needs from the end: the size of the content modulo 2³²."""

_MAGIC = b"\x1f\x8b\x08"
_SMALLEST_BYTES = 18
# A byte of deflate yields at most 1,032 (zlib FAQ); incompressible data grows by 5 bytes per 16 KiB, plus 10.
_MOST = 1032
_MODULUS = 1 << 32


def ends_fit(head: bytes, tail: bytes, size: int) -> bool:
    """Return whether a file of one member, ``size`` bytes long, can have this start and end.

    A truncated file ends in the middle of its data, which hardly ever is a valid size; one with lost last blocks ends
    in zeros. A damaged middle is not detected.

    >>> import gzip
    >>> whole = gzip.compress(b"content of a file, " * 50)
    >>> [ends_fit(data[:3], data[-4:], len(data)) for data in (whole, whole[:-9], whole[:-9] + bytes(9), bytes(99))]
    [True, False, False, False]
    """
    if head != _MAGIC or len(tail) < TAIL_BYTES or size < _SMALLEST_BYTES:
        return False
    content, data = int.from_bytes(tail, "little"), size - _SMALLEST_BYTES
    if data * _MOST >= _MODULUS:
        return True
    return data <= content + content // 1024 + 16 and content <= data * _MOST
