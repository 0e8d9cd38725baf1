"""Headers of a tar: a file's metadata, PAX records for everything that ustar has no field for, and maps of sparse
files.
"""

import errno
import os
from tarfile import BLKTYPE, CHRTYPE, DIRTYPE, FIFOTYPE, LNKTYPE, PAX_FORMAT, REGTYPE, SYMTYPE, TarInfo

from doctor.model.view import Stat

BLOCK = 512
TYPES = {"f": REGTYPE, "d": DIRTYPE, "l": SYMTYPE, "c": CHRTYPE, "b": BLKTYPE, "p": FIFOTYPE}
"""Types that a tar can hold; a socket is left out, since its owner recreates it."""

SPARSE_BYTES = 1 << 16
"""A smaller file is written in full: a map would save nothing."""

_MAX_PIECES = 1 << 16
"""A file with more extents is written in full: the map must not exhaust memory."""

Pieces = list[tuple[int, int]]
"""(offset, length) of a sparse file's data extents, in order."""


def padded(size: int) -> int:
    """Return a size in whole blocks.

    >>> padded(0), padded(1), padded(512)
    (0, 512, 512)
    """
    return size + -size % BLOCK


def pieces_of(descriptor: int) -> Pieces | None:
    """Return the data extents of an open file; ``None`` if it has no holes or its file system doesn't report them
    (lseek(2)).
    """
    found = os.fstat(descriptor)
    if found.st_size < SPARSE_BYTES or found.st_blocks * BLOCK >= found.st_size:
        return None
    pieces: Pieces = []
    position = 0
    while position < found.st_size and len(pieces) <= _MAX_PIECES:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
            position = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:
                return None
            # No data after this: the file ends with a hole.
            break
        pieces.append((start, min(position, found.st_size) - start))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return pieces if len(pieces) <= _MAX_PIECES and pieces != [(0, found.st_size)] else None


def sparse_map(pieces: Pieces, size: int) -> bytes:
    r"""Return the map that precedes a sparse file's data (GNU tar's PAX format 1.0), in whole blocks.

    >>> sparse_map([(4096, 10)], 8192).rstrip(bytes(1))
    b'2\n4096\n10\n8192\n0\n'
    """
    entries = [*pieces, *([(size, 0)] if not pieces or sum(pieces[-1]) < size else [])]
    text = f"{len(entries)}\n" + "".join(f"{offset}\n{length}\n" for offset, length in entries)
    return text.encode().ljust(padded(len(text)), b"\0")


def empty(name: str) -> TarInfo:
    """Return the entry of a whiteout: a file without content or mode."""
    info = TarInfo(name)
    info.mode = 0
    return info


def info_of(name: str, found: Stat, target: str, known: str | None) -> TarInfo:
    """Return the header's fields; ``target`` is a link's, ``known`` an earlier name of the same file."""
    info = TarInfo(f"{name}/" if found.kind == "d" and name else name or "./")
    info.type = TYPES[found.kind]
    info.mode, info.uid, info.gid = found.mode, found.uid, found.gid
    info.mtime = found.mtime_ns // 1_000_000_000
    info.linkname = target
    if found.kind in {"c", "b"}:
        info.devmajor, info.devminor = os.major(found.rdev), os.minor(found.rdev)
    if known is not None:
        info.type, info.linkname = LNKTYPE, known
    elif found.kind == "f":
        info.size = found.size
    if found.mtime_ns > 0 and found.mtime_ns % 1_000_000_000:
        whole, fraction = divmod(found.mtime_ns, 1_000_000_000)
        info.pax_headers = {"mtime": f"{whole}.{fraction:09}"}
    return info


def make_sparse(info: TarInfo, pieces: Pieces) -> bytes:
    """Turn an entry into one of a sparse file, and return the map that follows its header."""
    table = sparse_map(pieces, info.size)
    real = {"GNU.sparse.name": info.name, "GNU.sparse.realsize": str(info.size)}
    info.pax_headers = {**info.pax_headers, "GNU.sparse.major": "1", "GNU.sparse.minor": "0", **real}
    head, _, last = info.name.rpartition("/")
    # The name for tar programs without sparse support, as GNU tar writes it.
    info.name = f"{head or '.'}/GNUSparseFile.0/{last}"
    info.size = len(table) + sum(length for _, length in pieces)
    return table


def header(info: TarInfo, attributes: dict[str, bytes]) -> bytes:
    """Return a header; names and values that are not UTF-8 are kept byte for byte."""
    pairs = {f"SCHILY.xattr.{key}": value.decode("utf-8", "surrogateescape") for key, value in attributes.items()}
    info.pax_headers = {**info.pax_headers, **pairs}
    return info.tobuf(PAX_FORMAT, "utf-8", "surrogateescape")
