"""Reads a tar as a stream, compressed or not: headers one by one, contents in pieces, one piece in memory."""

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from doctor.model.errors import FormatError
from doctor.proof.tar.tar_header import BLOCK, MAX_EXTENSION, Header, number, parse_headers

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_EXTENSIONS = frozenset(b"xgLK")
_PIECE = 1 << 20


def expand(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a layer uncompressed, in pieces of at most a MiB: gzip (several members too), or as it is.

    Raises ``FormatError``: truncated or corrupt gzip, or a compression without a Python module (zstd).

    >>> import gzip
    >>> b"".join(expand(iter([gzip.compress(b"one"), gzip.compress(b"two")])))
    b'onetwo'
    """
    first = next(chunks, b"")
    while 0 < len(first) < len(_ZSTD) and (more := next(chunks, b"")):
        first += more
    if first.startswith(_ZSTD):
        yield from _expand_zstd(first, chunks)
        return
    if not first.startswith(_GZIP):
        yield first
        yield from chunks
        return
    inflate = zlib.decompressobj(31)
    waiting = first
    try:
        while True:
            if inflate.eof:
                waiting = inflate.unused_data or next(chunks, b"")
                if not waiting.startswith(_GZIP[:1]):
                    # Zeros after the last member are padding.
                    return
                inflate = zlib.decompressobj(31)
            elif not waiting and not (waiting := next(chunks, b"")):
                raise FormatError("its gzip stream is truncated")
            piece = inflate.decompress(waiting, _PIECE)
            waiting = inflate.unconsumed_tail
            if piece:
                yield piece
    except zlib.error as error:
        raise FormatError("its gzip stream is corrupt") from error


def _expand_zstd(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        zstd: Any = import_module("compression.zstd")
    except ImportError:
        raise FormatError("compressed with zstd, which Python can't read before 3.14") from None
    inflate, waiting = zstd.ZstdDecompressor(), first
    try:
        while True:
            if inflate.eof:
                waiting = inflate.unused_data or next(chunks, b"")
                if not waiting:
                    return
                inflate = zstd.ZstdDecompressor()
            elif inflate.needs_input and not waiting and not (waiting := next(chunks, b"")):
                raise FormatError("its zstd stream is truncated")
            piece, waiting = inflate.decompress(waiting, _PIECE), b""
            if piece:
                yield piece
    except zstd.ZstdError as error:
        raise FormatError("its zstd stream is corrupt") from error


class TarStream:
    """Reads one entry after the other; unread content is skipped. ``note`` receives every byte of the tar."""

    def __init__(self, pieces: Iterator[bytes], note: Callable[[bytes], None]) -> None:
        self._pieces = pieces
        self._note = note
        self._piece = memoryview(b"")
        self._left = 0
        self._padding = 0

    def entries(self) -> Iterator[Header]:
        """Yield the entries. Raises ``FormatError`` for an invalid or truncated tar."""
        raw = b""
        while True:
            self._skip()
            block = self._take(BLOCK)
            if not block.strip(b"\0"):
                if raw:
                    raise FormatError("a tar extension header without an entry")
                self._drain()
                return
            raw += block
            if block[156] in _EXTENSIONS:
                size = number(block[124:136])
                if not 0 <= size <= MAX_EXTENSION or len(raw) > 4 * MAX_EXTENSION:
                    raise FormatError("a tar header without an end")
                raw += self._take(-(-size // BLOCK) * BLOCK)
                continue
            header = parse_headers(raw)
            if header is None:
                raise FormatError("a tar entry without a header")
            self._left, self._padding = header.size, -header.size % BLOCK
            yield header
            raw = b""

    def content(self, most: int = _PIECE) -> bytes:
        """Return the next piece of the entry's content, b"" at its end."""
        if not self._left:
            return b""
        self._fill()
        piece = bytes(self._piece[: min(self._left, most)])
        self._piece = self._piece[len(piece) :]
        self._left -= len(piece)
        return piece

    def _skip(self) -> None:
        while self._left:
            self.content()
        if self._padding:
            self._take(self._padding)
            self._padding = 0

    def _take(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            self._fill()
            part = self._piece[: count - len(found)]
            found += part
            self._piece = self._piece[len(part) :]
        return bytes(found)

    def _fill(self) -> None:
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                raise FormatError("the tar is truncated")
            self._note(piece)
            self._piece = memoryview(piece)

    def _drain(self) -> None:
        for piece in self._pieces:
            self._note(piece)
