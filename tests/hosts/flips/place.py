"""The places of a data root where one bit is flipped, or where a file is cut off."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random

from msgspec import Struct

_HEADER = struct.Struct("<QHHI")
_ELEMENT = struct.Struct("<IIII")
_BRANCH = struct.Struct("<IIQ")
_BRANCH_PAGE, _BUCKET = 1, 1
_META_BYTES = 80
_CUTS = 4
_REWRITTEN = ("hosts", "hostname", "resolv.conf", "resolv.conf.hash", "runc-log.json")
"""Files that the engine rewrites at each start of a container."""


class Place(Struct, frozen=True, kw_only=True):
    """One fault.

    Attributes:
        path: relative to the data root.
        offset: of the byte, or where the file ends now.
        bit: mask of the bit that is flipped, 0 for a cut.
        part: of a database, the kind of bytes: meta, freelist, page, bucket, key, value.
    """

    path: str
    offset: int
    bit: int
    part: str = ""

    @property
    def group(self) -> str:
        """The kind of file, with the part of a database and whether it is a cut."""
        parts = self.path.split("/")
        name = "/".join(_general(part) for part in parts)
        return f"{name}{f' ({self.part})' if self.part else ''}{'' if self.bit else ' cut'}"

    def apply(self, top: Path) -> bytes:
        """Do it; returns the bytes that undo it."""
        path = top / self.path
        data = path.read_bytes()
        if not self.bit:
            os.truncate(path, self.offset)
            return data
        with path.open("r+b") as stream:
            stream.seek(self.offset)
            stream.write(bytes([data[self.offset] ^ self.bit]))
        return data[self.offset : self.offset + 1]

    def revert(self, top: Path, undo: bytes) -> None:
        """Put back what `apply` returned."""
        with (top / self.path).open("r+b") as stream:
            stream.seek(self.offset if self.bit else 0)
            stream.write(undo)


def places(top: Path, seed: int) -> Iterator[Place]:
    """Every place of a healthy data root: one random bit of each byte, and each file cut at several lengths."""
    for path in metadata(top):
        data = (top / path).read_bytes()
        random = Random(f"{seed} {path}")
        spans = _spans(data) if path.endswith(".db") else [(0, len(data), "")]
        for start, end, part in spans:
            for offset in range(start, end):
                yield Place(path=path, offset=offset, bit=1 << random.randrange(8), part=part)
        cuts = {0, 1, len(data) // 2, len(data) - 1, *(random.randrange(len(data)) for _ in range(_CUTS))}
        for offset in sorted(cut for cut in cuts if cut < len(data)):
            yield Place(path=path, offset=offset, bit=0)


def metadata(top: Path) -> list[str]:
    """The files in which the engine keeps its records; no content of a layer, a volume or the build cache, no log."""
    found = []
    for directory, names, files in os.walk(top):
        here = os.path.relpath(directory, top)
        parts = here.split("/")
        names[:] = sorted(
            name
            for name in names
            if not (parts[0] == "overlay2" and len(parts) == 2 and name in {"diff", "work", "merged"})
            and not (parts[0] == "volumes" and name == "_data")
            and not (here.endswith("content") and name == "blobs" and parts[0] == "buildkit")
        )
        for name in sorted(files):
            path = Path(directory, name)
            if name in _REWRITTEN or "-json.log" in name or path.is_symlink() or not path.is_file():
                continue
            if path.stat().st_size:
                found.append(os.path.normpath(f"{here}/{name}"))
    return found


def _general(part: str) -> str:
    """A name without what differs from host to host."""
    stem = part.removesuffix("-init")
    if len(stem) == 64 and all(char in "0123456789abcdef" for char in stem):
        return "ID"
    return "ID" if len(stem) == 25 and stem.isalnum() else part


def _spans(data: bytes) -> list[tuple[int, int, str]]:
    """The bytes of a healthy bolt file that its newest tree uses, as (start, end, kind)."""
    size = struct.unpack_from("<I", data, 16 + 8)[0]
    metas = [struct.unpack_from("<IIIIQQQQQ", data, number * size + 16) for number in (0, 1)]
    newest = max(metas, key=lambda meta: meta[8])
    spans = [(number * size, number * size + _META_BYTES, "meta") for number in (0, 1)]
    free = newest[6] * size
    if free < len(data):
        spans.append((free, free + 16 + 8 * _HEADER.unpack_from(data, free)[2], "freelist"))
    pending = [newest[4] * size]
    while pending:
        start = pending.pop()
        _, flags, count, _ = _HEADER.unpack_from(data, start)
        spans.append((start, start + 16 + 16 * count, "page"))
        for index in range(count):
            element = start + 16 + 16 * index
            if flags & _BRANCH_PAGE:
                position, ksize, child = _BRANCH.unpack_from(data, element)
                spans.append((element + position, element + position + ksize, "key"))
                pending.append(child * size)
                continue
            kind, position, ksize, vsize = _ELEMENT.unpack_from(data, element)
            middle = element + position + ksize
            spans.append((element + position, middle, "key"))
            if not kind & _BUCKET:
                spans.append((middle, middle + vsize, "value"))
                continue
            spans.append((middle, middle + 16, "bucket"))
            root = struct.unpack_from("<Q", data, middle)[0]
            # A small bucket stands whole behind its header, as a page of its own.
            pending.append(root * size if root else middle + 16)
    return sorted(spans)
