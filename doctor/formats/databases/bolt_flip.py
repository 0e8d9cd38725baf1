"""Finds the flipped bit that makes bolt silently use the older state of a database."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.databases.bolt import MetaPage, find_metas
from doctor.model.errors import FormatError

_META_START, _META_END = 16, 80


class BitFlip(Struct, frozen=True):
    """A bit: its byte's position in the file, and its mask. Called as a function it is a pure edit that flips it."""

    position: int
    mask: int

    def __call__(self, data: bytes) -> bytes:
        """Return the data with the bit flipped."""
        if self.position >= len(data):
            raise FormatError("the file is shorter than it was")
        byte = bytes([data[self.position] ^ self.mask])
        return data[: self.position] + byte + data[self.position + 1 :]


def lost_meta(data: bytes) -> BitFlip | None:
    """Return the bit that makes the newer of the two meta pages valid, if bolt uses the older one because of it.

    A meta page has a checksum: the bit is proven.

    >>> from doctor.formats.databases import bolt_write
    >>> data = bolt_write.write(bolt_write.Bucket())
    >>> lost_meta(BitFlip(4096 + 20, 4)(data))
    BitFlip(position=4116, mask=4)
    >>> lost_meta(data), lost_meta(BitFlip(20, 4)(data))
    (None, None)
    """
    metas = find_metas(data)
    if len(metas) != 1:
        return None
    size, valid = metas[0].page_size, metas[0]
    top = 0 if valid.page == 1 else size
    for flip in _bits(range(top + _META_START, min(top + _META_END, len(data)))):
        found = _meta(flip(data[: 2 * size]), size, 1 - valid.page)
        if found is not None and found.page_size == size:
            return flip if found.txid > valid.txid else None
    return None


def _meta(data: bytes, size: int, page: int) -> MetaPage | None:
    return next((meta for meta in find_metas(data) if meta.page == page and meta.page_size == size), None)


def _bits(positions: range) -> Iterator[BitFlip]:
    for position in positions:
        for bit in range(8):
            yield BitFlip(position, 1 << bit)
