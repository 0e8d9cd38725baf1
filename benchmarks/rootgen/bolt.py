"""The smallest valid bolt database: a root leaf of buckets, each bucket one leaf page, an empty freelist, two metas.

Format: etcd-io/bbolt:page.go, bucket.go, db.go (meta). Pages are 4096 bytes; bolt takes the size from the meta.
"""

import struct
from collections.abc import Mapping

_PAGE = 4096
_BRANCHLESS_ROOT = 3
_FREELIST = 2
_LEAF_FLAG, _META_FLAG, _FREELIST_FLAG = 0x02, 0x04, 0x10
_BUCKET_FLAG = 1
_MAGIC = 0xED0CDAED
_VERSION = 2


def database(buckets: Mapping[bytes, Mapping[bytes, bytes]]) -> bytes:
    """The file's bytes for these top-level buckets of plain keys. An empty bucket or key would be refused by bolt's readers."""
    pages: list[bytes] = []
    records = []
    for name in sorted(buckets):
        number = _BRANCHLESS_ROOT + 1 + sum(len(page) for page in pages) // _PAGE
        pages.append(_leaf(number, [(0, key, buckets[name][key]) for key in sorted(buckets[name])]))
        records.append((_BUCKET_FLAG, name, struct.pack("<QQ", number, 0)))
    root = _leaf(_BRANCHLESS_ROOT, records)
    if len(root) != _PAGE:
        message = "too many buckets for one root page"
        raise ValueError(message)
    body = root + b"".join(pages)
    high_water = _BRANCHLESS_ROOT + len(body) // _PAGE
    freelist = struct.pack("<QHHI", _FREELIST, _FREELIST_FLAG, 0, 0).ljust(_PAGE, b"\0")
    return _meta(0, high_water) + _meta(1, high_water) + freelist + body


def _leaf(number: int, records: list[tuple[int, bytes, bytes]]) -> bytes:
    elements, data = b"", b""
    for index, (flags, key, value) in enumerate(records):
        position = 16 * (len(records) - index) + len(data)
        elements += struct.pack("<IIII", flags, position, len(key), len(value))
        data += key + value
    overflow = (16 + len(elements) + len(data) - 1) // _PAGE
    page = struct.pack("<QHHI", number, _LEAF_FLAG, len(records), overflow) + elements + data
    return page.ljust((overflow + 1) * _PAGE, b"\0")


def _meta(number: int, high_water: int) -> bytes:
    body = struct.pack("<IIIIQQQQQ", _MAGIC, _VERSION, _PAGE, 0, _BRANCHLESS_ROOT, 0, _FREELIST, high_water, number)
    header = struct.pack("<QHHI", number, _META_FLAG, 0, 0)
    return (header + body + struct.pack("<Q", _fnv1a(body))).ljust(_PAGE, b"\0")


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
