"""Reassembles the tar of a layer from its tar-split and its directory, piece by piece.

The digest of the result is the proof; the consumer of the pieces computes it. Memory is bounded by the pieces.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator

from doctor.facts.layers.graph import EMPTY_LAYER
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join
from doctor.model.text import visible
from doctor.proof.tar.tar_split import SplitPart
from doctor.proof.tar.tar_split import read as read_split
from doctor.salvage.results import Source

CHUNK_BYTES = 1 << 20
EMPTY_TAR = bytes(1024)
"""The tar of a layer without entries, with the digest `EMPTY_LAYER`: two blocks of zeros."""

_BLOCK = 512
_LARGE_BYTES = 16 << 20
_UNREAD = frozenset({Why.DENIED, Why.TIMED_OUT})


class UnprovenError(Exception):
    """Content can't be proven intact; ``is_unread`` if it could not be read."""

    def __init__(self, reason: str, *, is_unread: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_unread = is_unread


class SplitError(UnprovenError):
    """A layer's tar-split is missing or truncated; its directory may still be intact."""


def unread(missing: Missing) -> UnprovenError:
    """Return the error for a failed read of the host."""
    return UnprovenError(visible(missing.reason), is_unread=missing.why in _UNREAD)


def known(diff: str) -> bytes | None:
    """Return the tar of a well-known digest: the empty layer."""
    return EMPTY_TAR if diff == EMPTY_LAYER else None


def chunks(host: Host, path: HostPath) -> Generator[bytes, None, None]:
    """Yield the content of a file, links not followed. Raises ``HostError``, also for a disk error."""
    descriptor = host.open_fd(path, follow=False)
    try:
        while True:
            try:
                chunk = os.read(descriptor, CHUNK_BYTES)
            except OSError as error:
                raise HostError(Missing(Why.UNREADABLE, f"{path}: {error.strerror}")) from error
            if not chunk:
                return
            yield chunk
    finally:
        os.close(descriptor)


class Assembly:
    """A layer as stored in one of its sources.

    Args:
        host: the host that has it.
        source: its directory, and its tar-split where ``split`` is not given.
        split: the content of its tar-split from a backup.
        is_strict: whether a file that is missing or has another size is an error; otherwise zeros fill the gap.
    """

    def __init__(self, host: Host, source: Source, *, split: bytes | None = None, is_strict: bool = True) -> None:
        self.host = host
        self.source = source
        self.split = split
        self.is_strict = is_strict

    def size(self) -> int:
        """Return the bytes of its tar. Raises ``UnprovenError`` if tar-split is truncated or corrupt.

        The sizes of large files are verified: a false size must not make the salvage seem too large for the disk.
        """
        size = 0
        for part in self._parts():
            size += part.size if part.raw is None else len(part.raw)
            if part.raw is None and part.size >= _LARGE_BYTES:
                self._check_size(part)
        if not size or size % _BLOCK:
            raise SplitError(f"its tar-split makes {size} bytes, which is not a tar size")
        return size

    def pieces(self) -> Iterator[bytes]:
        """Yield the tar in pieces of about a MiB. Raises ``UnprovenError``."""
        return joined(self._pieces())

    def altered(self, check: Callable[[bytes, int], int], limit_bytes: int) -> list[str]:
        """Return the names of files that differ from tar-split, among the first ``limit_bytes``.

        ``check`` continues a CRC-64; it is slow, so it is not used for proofs.
        """
        found: list[str] = []
        for part in self._parts():
            if part.raw is not None or not part.size or not part.crc:
                continue
            limit_bytes -= part.size
            if limit_bytes < 0 or len(found) > 4:
                break
            value = 0
            for piece in self._content(part):
                value = check(piece, value)
            if value.to_bytes(8, "big") != part.crc:
                found.append(visible(os.fsdecode(part.name)))
        return found

    def _parts(self) -> Iterator[SplitPart]:
        try:
            yield from read_split([self.split] if self.split is not None else chunks(self.host, self.source.split))
        except FormatError as error:
            raise SplitError(f"its tar-split is corrupt: {error}") from error
        except HostError as error:
            raise SplitError(
                "its tar-split is missing"
                if error.is_absent
                else f"its tar-split can't be read: {visible(str(error))}",
                is_unread=error.missing.why in _UNREAD,
            ) from error

    def _pieces(self) -> Iterator[bytes]:
        for part in self._parts():
            if part.raw is not None:
                yield part.raw
            elif part.size:
                yield from self._content(part)

    def _content(self, part: SplitPart) -> Iterator[bytes]:
        """Yield exactly ``part.size`` bytes of a file, or raise."""
        left = part.size
        shown = visible(os.fsdecode(part.name[:200]))
        try:
            for chunk in chunks(self.host, self._path(part.name)):
                if len(chunk) > left and self.is_strict:
                    raise UnprovenError(f"its file {shown} is larger than its {part.size} bytes")
                yield chunk[:left]
                left -= min(left, len(chunk))
                if not left and not self.is_strict:
                    return
        except HostError as error:
            if self.is_strict:
                text = "is missing" if error.is_absent else f"can't be read ({visible(error.missing.reason[-200:])})"
                raise UnprovenError(f"its file {shown} {text}", is_unread=error.missing.why in _UNREAD) from error
        if left and self.is_strict:
            raise UnprovenError(f"its file {shown} has {part.size - left} of its {part.size} bytes")
        while left:
            yield bytes(min(left, CHUNK_BYTES))
            left -= min(left, CHUNK_BYTES)

    def _check_size(self, part: SplitPart) -> None:
        path = self._path(part.name)
        if self.source.most_bytes:
            if part.size > self.source.most_bytes:
                raise UnprovenError(f"its file {visible(path)} is larger than the whole data root")
            return
        try:
            found = self.host.lstat(path, follow=False)
        except HostError as error:
            raise unread(error.missing) from error
        if found.size != part.size:
            raise UnprovenError(f"its file {visible(path)} has {found.size} of its {part.size} bytes")

    def _path(self, name: bytes) -> HostPath:
        parts = [part for part in name.split(b"/") if part not in {b"", b"."}]
        if b".." in parts:
            raise UnprovenError(f"its tar-split names {visible(os.fsdecode(name[:200]))}, which is outside the layer")
        return join(self.source.directory, os.fsdecode(b"/".join(parts)))


def joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces into ones of about a MiB: hashing and writing have a cost per call."""
    gathered: list[bytes] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES:
            yield gathered[0] if len(gathered) == 1 else b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)
