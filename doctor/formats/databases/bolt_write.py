"""Writes bolt databases, and repairs them by their meta pages alone. Works on bytes."""

import struct

from doctor.formats.databases.bolt import BoltGeneration, Bucket, fnv1a
from doctor.formats.databases.bolt_page import BUCKET, FREELIST, LEAF, META, NOT_STORED
from doctor.model.errors import FormatError

_HEADER = struct.Struct("<QHHI")
_ELEMENT = struct.Struct("<IIII")
_META = struct.Struct("<IIIIQQQQQ")
_MAGIC, _VERSION = 0xED0CDAED, 2
MAX_KEY = 32768
"""bolt refuses longer keys (MaxKeySize), and empty ones."""

MAX_ELEMENTS = 0xFFFE
"""A page counts its elements in 16 bits."""


def write(root: Bucket, *, page_size: int = 4096) -> bytes:
    """A database with a root bucket: one leaf page for each bucket, as long as needed.

    bolt splits long pages when it next writes to them. Checked against bbolt 1.3.10: `tx.Check` finds nothing.

    Raises:
        FormatError: a key that bolt refuses, a plain key in the root, or more keys in a bucket than one page counts.

    >>> from doctor.formats.databases import bolt
    >>> data = write(Bucket(buckets={b"volumes": Bucket(keys={b"db": b"{}"}, sequence=7)}))
    >>> bolt.read(data).best.root.buckets[b"volumes"].keys
    {b'db': b'{}'}
    """
    if root.keys:
        raise FormatError("bolt keeps no plain keys outside of buckets")
    pages = _Pages(page_size)
    pages.add(FREELIST, 0, b"")
    number = pages.bucket(root, 0)
    high_water = pages.next
    metas = [
        _meta_page(page, page_size, (number, root.sequence), freelist=2, high_water=high_water, txid=page)
        for page in (0, 1)
    ]
    return b"".join([*metas, *pages.parts])


def with_generation(data: bytes, generation: BoltGeneration) -> bytes:
    """The same database at one of its generations: only the two meta pages change.

    Both name its root and a freelist that isn't stored: bolt rebuilds it from the tree at the next open. This repairs a
    broken freelist (newest generation) and a broken newest tree (the older one).

    Raises:
        FormatError: the generation is damaged, or the file ends before its last page.
    """
    meta = generation.meta
    size = meta.page_size
    if generation.errors:
        raise FormatError(f"this generation is damaged: {generation.errors[0]}")
    if meta.high_water * size > len(data):
        raise FormatError("the file ends before the last page of this generation")
    even = (meta.txid + 2) & ~1 if meta.txid < 1 << 62 else 2
    txids = even, even + 1
    pages = [
        _meta_page(
            page,
            size,
            (meta.root, meta.sequence),
            freelist=NOT_STORED,
            high_water=meta.high_water,
            txid=txids[page],
        )
        for page in (0, 1)
    ]
    # After the meta itself a page keeps its old bytes.
    used = _HEADER.size + _META.size + 8
    return b"".join([
        pages[0][:used],
        data[used:size],
        pages[1][:used],
        data[size + used :],
    ])  # fmt: skip


def _meta_page(page: int, page_size: int, root: tuple[int, int], *, freelist: int, high_water: int, txid: int) -> bytes:
    body = _META.pack(_MAGIC, _VERSION, page_size, 0, *root, freelist, high_water, txid)
    whole = _HEADER.pack(page, META, 0, 0) + body + struct.pack("<Q", fnv1a(body))
    return whole.ljust(page_size, b"\0")


class _Pages:
    """The pages after the two metas, numbered in order."""

    def __init__(self, page_size: int) -> None:
        self.page_size = page_size
        self.parts: list[bytes] = []
        self.next = 2

    def add(self, flags: int, count: int, body: bytes) -> int:
        """Append a page; returns its number."""
        number = self.next
        length = -(-(_HEADER.size + len(body)) // self.page_size)
        self.next += length
        page = _HEADER.pack(number, flags, count, length - 1) + body
        self.parts.append(page.ljust(length * self.page_size, b"\0"))
        return number

    def bucket(self, bucket: Bucket, depth: int) -> int:
        """Write a bucket and its nested ones; returns the page of its leaf."""
        if depth > 32:
            raise FormatError("buckets nested deeper than 32")
        elements = [(key, 0, value) for key, value in bucket.keys.items()]
        for name, inner in bucket.buckets.items():
            number = self.bucket(inner, depth + 1)
            elements.append((name, BUCKET, struct.pack("<QQ", number, inner.sequence)))
        elements.sort()
        return self.add(LEAF, len(elements), _leaf_body(elements))


def _leaf_body(elements: list[tuple[bytes, int, bytes]]) -> bytes:
    if len(elements) > MAX_ELEMENTS:
        raise FormatError(f"{len(elements)} keys in one bucket: more than one page can count")
    names = [key for key, _, _ in elements]
    if len(set(names)) != len(names):
        raise FormatError("a key and a bucket of the same name")
    table, data = [], []
    position = _ELEMENT.size * len(elements)
    for index, (key, flags, value) in enumerate(elements):
        if not 0 < len(key) <= MAX_KEY:
            raise FormatError(f"bolt does not accept a key of {len(key)} bytes")
        # A position is relative to its own element.
        table.append(_ELEMENT.pack(flags, position - _ELEMENT.size * index, len(key), len(value)))
        data += [key, value]
        position += len(key) + len(value)
    return b"".join([*table, *data])
