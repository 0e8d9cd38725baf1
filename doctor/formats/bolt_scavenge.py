"""What can still be found in a bolt file whose trees are all broken: every leaf page that is whole, reachable or not."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from doctor.formats.bolt import MAX_BYTES, MAX_DEPTH, MAX_KEYS, find_metas
from doctor.formats.bolt_page import BUCKET, LEAF, Leaf, PageError, Pages
from doctor.model.errors import FormatError

_SIZES = (4096, 16384, 65536, 8192, 32768, 2048, 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scavenged:
    """An entry found.

    Attributes:
        page: the leaf page: a higher number isn't a newer page.
        path: names of the inline buckets that it stands in, outermost first; the bucket of the page itself is unknown.
        key: as found.
        value: as found. Old generations give older values of a key: whoever knows the values must choose.
    """

    page: int
    path: tuple[bytes, ...]
    key: bytes
    value: bytes


def scavenge(data: bytes | memoryview) -> Iterator[Scavenged]:
    """Every entry of every whole leaf page, in the order of the file. Works without a valid meta page.

    Raises:
        FormatError: bigger than the limit.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"not read: a bolt file of {len(data)} bytes, the limit is {MAX_BYTES}")
    view = memoryview(data)
    metas = find_metas(view)
    size = metas[0].page_size if metas else _guess_page_size(view)
    pages = Pages(view, size, len(view) // size)
    # Hostile pages may claim each other as overflow; in a real file no element is met twice.
    left = MAX_KEYS
    for number in range(2, pages.high_water):
        try:
            # A page of overflow belongs to the one before it, but stale ones may be pages of their own.
            page = pages.open(number, set())
            if page.flags == LEAF and left > 0:
                left -= page.count
                yield from _entries(page.leaf(), (), number)
        except PageError:
            continue


def _entries(leaf: Leaf, path: tuple[bytes, ...], number: int) -> Iterator[Scavenged]:
    for flags, key, value in leaf.elements:
        if not flags & BUCKET:
            yield Scavenged(page=number, path=path, key=key, value=bytes(value))
        elif len(value) > 16 and not struct.unpack_from("<Q", value)[0] and len(path) < MAX_DEPTH:
            try:
                inner = Pages.inline(value[16:], number)
            except PageError:
                continue
            yield from _entries(inner, (*path, key), number)


def _guess_page_size(view: memoryview) -> int:
    """The size at which most pages carry their own number."""

    def score(size: int) -> int:
        starts = range(2 * size, len(view) - size + 1, size)
        return sum(view[at : at + 8] == (at // size).to_bytes(8, "little") for at in starts)

    return max(_SIZES, key=score)
