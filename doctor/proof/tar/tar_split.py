"""Reads tar-split.json.gz: with the files of a layer's directory it reproduces the layer's tar, byte for byte.

The digest of that tar is the layer's diff id, so it proves the directory, every file in it, and the file's metadata.
Format: vbatts/tar-split, tar/storage: gzip of one JSON object a line, either raw bytes of the tar or a file's name,
size and CRC-64.
"""

import zlib
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Generator, Iterable, Iterator
from hashlib import sha256
from typing import Annotated, Literal

from msgspec import DecodeError, Meta, Struct
from msgspec.json import Decoder

from doctor.formats import json_safe
from doctor.model.errors import FormatError
from doctor.proof.tar.tar_header import BLOCK, Header, parse_headers

_BLOCK_BYTES = 128 << 10
_MAX_LINE = 16 << 20
_JOIN_BYTES = 1 << 20
_LINE_BYTES = 160
"""A file makes at most three lines (its header, itself, its padding) and at least a block of raw tar."""
_SLACK_BYTES = 1 << 20


class SplitPart(Struct, frozen=True, gc=False):
    """One entry: raw bytes of the tar, or the place of a file's content.

    Attributes:
        raw: bytes of the tar (headers, padding, the end); None for a file.
        name: the file's name as its header has it.
        size: bytes of its content; an empty file has no content in the tar.
        crc: CRC-64 of its content, eight bytes; b"" where none is kept.
    """

    raw: bytes | None
    name: bytes = b""
    size: int = 0
    crc: bytes = b""


class _SplitLine(Struct, gc=False):
    """A line as tar-split writes it: ``type`` 1 a file, 2 raw bytes; base64 is decoded together with the rest."""

    type: Literal[1, 2]
    payload: bytes | None = None
    name: str = ""
    size: Annotated[int, Meta(ge=0)] = 0
    name_raw: bytes = b""


_LINES = Decoder(_SplitLine)


class UnreadError(FormatError):
    """The output exceeds the limit: the rest is unknown."""


class AssembledTar(Struct, frozen=True, kw_only=True):
    """A reassembled layer tar.

    Attributes:
        diff_id: its digest: equal to the layer's diff id if and only if nothing changed.
        size: bytes of the tar.
        files: how many files with content.
        missing: names of files that the directory lacks.
        resized: names of files of another length.
    """

    diff_id: str
    size: int
    files: int
    missing: tuple[bytes, ...]
    resized: tuple[bytes, ...]


def read(chunks: Iterable[bytes], *, max_bytes: int = 4 << 30) -> Iterator[SplitPart]:
    r"""The parts of a tar-split file in order, in bounded memory.

    Args:
        chunks: the bytes of the compressed file.
        max_bytes: limit of the output.

    Raises:
        FormatError: truncated or corrupt gzip, an invalid line, too many lines for a tar. Earlier parts stay valid.
        UnreadError: more than the limit.

    >>> import gzip
    >>> lines = b'{"type":2,"payload":"AAA=","position":0}\n{"type":1,"name":"a","size":3,"payload":"AA==","position":1}\n'
    >>> [(part.raw, part.name, part.size) for part in read([gzip.compress(lines)])]
    [(b'\x00\x00', b'', 0), (None, b'a', 3)]
    """
    pending = b""
    line, raw_bytes = 1, 0
    for unpacked in _unpacked(chunks, max_bytes):
        block = pending + unpacked if pending else unpacked
        end = block.rfind(b"\n") + 1
        if end:
            line, raw_bytes = yield from _parts(block[:end], line, raw_bytes)
            # An entry has a header of a block, and with its padding at most three lines: millions of tiny lines, which
            # compress to nothing, are not a tar and are not read to the end.
            if raw_bytes + _SLACK_BYTES < _LINE_BYTES * line:
                raise FormatError("more lines than a tar has headers for", where=f"line {line}")
        pending = block[end:]
        if len(pending) > _MAX_LINE:
            raise FormatError("a line of tar-split without an end", where=f"line {line}")
    if pending:
        yield from _parts(pending + b"\n", line, raw_bytes)


def assemble(parts: Iterable[SplitPart], content: Callable[[bytes, int], Iterable[bytes] | None]) -> AssembledTar:
    """Hash the tar made of the parts and the files' contents.

    Args:
        parts: of `read`.
        content: returns the chunks of a file by its name and expected size, None for a missing file. Its exceptions
            pass through. Chunks may be views of one reused buffer.
    """
    hasher = _Hasher()
    files = 0
    missing: list[bytes] = []
    resized: list[bytes] = []
    for part in parts:
        if part.raw is not None:
            hasher.update(part.raw)
        elif part.size:
            files += 1
            pieces = content(part.name, part.size)
            if pieces is None:
                missing.append(part.name)
                continue
            before = hasher.size
            for piece in pieces:
                hasher.update(piece)
            if hasher.size - before != part.size:
                resized.append(part.name)
    return AssembledTar(
        diff_id=hasher.finish(),
        size=hasher.size,
        files=files,
        missing=tuple(missing),
        resized=tuple(resized),
    )


class _Hasher:
    """SHA-256 that joins small pieces: hashlib keeps the interpreter's lock for short updates."""

    __slots__ = ("digest", "gathered", "size", "waiting")

    def __init__(self) -> None:
        self.digest = sha256()
        self.gathered: list[bytes] = []
        self.waiting = 0
        self.size = 0

    def update(self, piece: bytes) -> None:
        self.size += len(piece)
        if len(piece) < _BLOCK_BYTES:
            # A copy, since the piece may be a view of a reused buffer.
            self.gathered.append(bytes(piece))
            self.waiting += len(piece)
            if self.waiting >= _JOIN_BYTES:
                self.flush()
        else:
            self.flush()
            self.digest.update(piece)

    def flush(self) -> None:
        if self.gathered:
            self.digest.update(b"".join(self.gathered))
            self.gathered, self.waiting = [], 0

    def finish(self) -> str:
        self.flush()
        return "sha256:" + self.digest.hexdigest()


def headers(parts: Iterable[SplitPart]) -> Iterator[Header]:
    """The header of each entry of the layer, in order: what every file's mode, owner, link and xattrs should be.

    Raises:
        FormatError: a raw part that isn't tar.
    """
    raw: list[bytes] = []
    skip = 0
    for part in parts:
        if part.raw is not None:
            raw.append(part.raw)
            continue
        # The padding of the previous file precedes the next header.
        header = parse_headers(b"".join(raw)[skip:])
        raw, skip = [], -part.size % BLOCK
        if header is not None:
            yield header


def _unpacked(chunks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(31)
    left = max_bytes
    try:
        for chunk in chunks:
            while chunk and not unpacker.eof:
                block = unpacker.decompress(chunk, _BLOCK_BYTES)
                chunk = unpacker.unconsumed_tail  # noqa: PLW2901 - the rest of the same chunk
                left -= len(block)
                if left < 0:
                    raise UnreadError(f"not read: more than {max_bytes} bytes of tar-split")
                if block:
                    yield block
    except zlib.error as error:
        raise FormatError(f"corrupt gzip: {str(error).rpartition(': ')[2]}") from None
    if not unpacker.eof:
        raise FormatError("truncated gzip")


def _parts(block: bytes, line: int, raw_bytes: int) -> Generator[SplitPart, None, tuple[int, int]]:
    """Yield the parts of complete lines, numbered from ``line``; return the next line's number.

    ``raw_bytes``, those of the tar itself so far, are returned with it.
    """
    try:
        # A whole block at once: a layer has a hundred thousand lines, and the work for each line dominates the cost.
        lines = _LINES.decode_lines(block)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return (yield from _odd_parts(block, line, raw_bytes))
    for entry in lines:
        if entry.type == 2:
            raw = entry.payload or b""
            raw_bytes += len(raw)
            yield SplitPart(raw)
        else:
            yield SplitPart(None, entry.name_raw or entry.name.encode(), entry.size, entry.payload or b"")
    return line + len(lines), raw_bytes


def _odd_parts(block: bytes, line: int, raw_bytes: int) -> Generator[SplitPart, None, tuple[int, int]]:
    """Yield the parts line by line up to the invalid one: the block has a line that is not JSON."""
    texts = block.split(b"\n")[:-1]
    for number, text in enumerate(texts, line):
        try:
            for part in _odd_line(text):
                raw_bytes += len(part.raw or b"")
                yield part
        except (Base64Error, FormatError) as error:
            raise FormatError(f"not an entry of tar-split: {error}", where=f"line {number}") from None
    return line + len(texts), raw_bytes


def _odd_line(text: bytes) -> Iterator[SplitPart]:
    """Parse a line leniently: names that are not UTF-8, other spacing."""
    if not text.strip():
        return
    entry = json_safe.load_object(text, max_bytes=_MAX_LINE)
    kind, payload = entry.get("type"), entry.get("payload") or ""
    if kind not in {1, 2} or not isinstance(payload, str) or not payload.isascii():
        raise FormatError("its type is unknown")
    if kind == 2:
        yield SplitPart(a2b_base64(payload))
        return
    name, raw_name, size = entry.get("name", ""), entry.get("name_raw", ""), entry.get("size", 0)
    if not isinstance(name, str) or not isinstance(raw_name, str) or not isinstance(size, int) or size < 0:
        raise FormatError("its name or size is invalid")
    encoded = a2b_base64(raw_name) if raw_name and raw_name.isascii() else name.encode("utf-8", "surrogateescape")
    yield SplitPart(None, encoded, size, a2b_base64(payload))
