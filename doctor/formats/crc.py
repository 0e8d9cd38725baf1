"""Checksums that zlib lacks. Go has both, as hash/crc32 and hash/crc64."""

from functools import cache


def crc32c(data: bytes, value: int = 0) -> int:
    """Return the CRC-32C (Castagnoli) of raft logs and thin pools, continued from the given value. About 15 MiB a second.

    >>> hex(crc32c(b"123456789")), crc32c(b"789", crc32c(b"123456")) == crc32c(b"123456789")
    ('0xe3069283', True)
    """
    return _crc(data, value, _table(0x82F63B78), 0xFFFFFFFF)


def crc64(data: bytes, value: int = 0) -> int:
    """Return the CRC-64 (ISO 3309) of tar-split, continued from the given value. About 9 MiB a second.

    >>> hex(crc64(b"123456789")), crc64(b"789", crc64(b"123456")) == crc64(b"123456789")
    ('0xb90956c775a41001', True)
    """
    return _crc(data, value, _table(0xD800000000000000), 0xFFFFFFFFFFFFFFFF)


def _crc(data: bytes, value: int, table: list[int], mask: int) -> int:
    value ^= mask
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ mask


@cache
def _table(polynomial: int) -> list[int]:
    table = []
    for byte in range(256):
        entry = byte
        for _ in range(8):
            entry = entry >> 1 ^ (polynomial if entry & 1 else 0)
        table.append(entry)
    return table
