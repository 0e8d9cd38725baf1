"""Reads one file: plain or compressed with gzip, of a bounded size, and nothing that could block."""

import os
import zlib

from doctor.fleet.files import kind_of
from doctor.model.errors import FormatError

LIMIT_BYTES = 16 << 20
"""A report of 2,000 findings is 2 MB; senseless JSON of this size needs 25 times as much memory."""
_GZIP = b"\x1f\x8b"
_BUNDLE = b'{"format":"doctor-bundle"'
_PIECE = 1 << 20
_FOREIGN = {
    b"\xfd7zXZ\0": "xz",
    b"(\xb5/\xfd": "zstd",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
}


class BundleError(FormatError):
    """The file is a bundle: its report is read in another way."""


def content(path: str, limit: int = LIMIT_BYTES) -> bytes:
    """Return the content of a file, uncompressed. Raises ``FormatError`` with the reason, ``BundleError`` for a bundle."""
    try:
        # A named pipe without a writer would block an open for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise FormatError((error.strerror or str(error)).lower()) from error
    except ValueError as error:
        raise FormatError("its name contains a NUL character") from error
    try:
        found = os.fstat(descriptor)
        kind = kind_of(found.st_mode)
        if kind:
            raise FormatError(f"it is {kind}, not a file")
        raw = _all(descriptor, min(found.st_size, limit) + 1, limit)
    except OSError as error:
        raise FormatError((error.strerror or str(error)).lower()) from error
    finally:
        os.close(descriptor)
    if raw.startswith(_GZIP):
        if _starts_bundle(raw):
            raise BundleError("it is a bundle: 'doctor scan --bundle FILE --format json' writes a report")
        return _unpacked(raw, limit)
    for magic, name in _FOREIGN.items():
        if raw.startswith(magic):
            raise FormatError(f"it is compressed with {name}: unpack it, or compress it with gzip")
    return raw


def _all(descriptor: int, expected: int, limit: int) -> bytes:
    """Read to the end: the file may grow, and a file of /proc has no size."""
    pieces = [os.read(descriptor, expected)]
    length = len(pieces[0])
    while pieces[-1]:
        if length > limit:
            raise FormatError(f"it is larger than {limit >> 20} MiB, so it is not a report")
        pieces.append(os.read(descriptor, _PIECE))
        length += len(pieces[-1])
    return pieces[0] if len(pieces) == 2 else b"".join(pieces)


def _starts_bundle(raw: bytes) -> bool:
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, len(_BUNDLE)) == _BUNDLE
    except zlib.error:
        return False


def _unpacked(raw: bytes, limit: int) -> bytes:
    """Return the content of all members; the size is bounded while unpacking, so that no bomb goes off."""
    parts: list[bytes] = []
    length = 0
    while raw.startswith(_GZIP):
        inflate = zlib.decompressobj(wbits=31)
        try:
            part = inflate.decompress(raw, limit - length + 1)
        except zlib.error as error:
            raise FormatError("its gzip data is corrupt") from error
        length += len(part)
        if length > limit:
            raise FormatError(f"it unpacks to more than {limit >> 20} MiB, so it is not a report")
        if not inflate.eof:
            raise FormatError("its gzip data is truncated: copy it again")
        parts.append(part)
        raw = inflate.unused_data
    return b"".join(parts)
