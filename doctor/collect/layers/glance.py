"""Compares the first entries of a layer with their tar headers: fast enough for every scan, unlike the full comparison.

A difference is only a reason for the full comparison, not a judgement.
"""

import os
import zlib
from binascii import a2b_base64

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join

_READ_BYTES, _UNPACKED_BYTES = 4 << 10, 32 << 10
_ENTRIES = 12
_BLOCK = 512
_PLAIN, _KINDS = frozenset(b"05\0"), {"f": b"0\0", "d": b"5"}
_OPAQUE = ".wh..wh..opq"
_MARKS = ("trusted.overlay.opaque", "user.overlay.opaque")


class _GlanceLine(Struct, gc=False):
    type: int
    payload: str | None = None
    name: str = ""


_LINES = Decoder(_GlanceLine)


class Glance(Struct, frozen=True, kw_only=True):
    """The result of one layer.

    Attributes:
        files: number of compared regular files; ``timely`` those with their header's time.
        differs: whether an entry has another mode, owner or xattr than in its header.
    """

    files: int = 0
    timely: int = 0
    differs: bool = False

    @property
    def is_reason(self) -> bool:
        """Whether this layer looks like a copy without attributes."""
        return self.differs or (self.files > 1 and not self.timely)


def glance(host: Host, split: HostPath, top: HostPath, shift: int | None) -> Glance:
    """Compare the first entries of a layer; ``shift`` as for ``Task``. Entries that can't be read are left out."""
    files = timely = 0
    for name, block in _headers(host, split):
        if name.endswith(_OPAQUE):
            if not _is_opaque(host, join(top, name.rpartition("/")[0])):
                return Glance(differs=True)
            continue
        try:
            found = host.lstat(join(top, name), follow=False)
            mode, uid, gid, size, mtime = (int(block[a:b].strip(b" \0") or b"0", 8) for a, b in _FIELDS)
        except (HostError, ValueError):
            continue
        if block[156:157] not in _KINDS.get(found.kind, b"") or (found.kind == "f" and found.size != size):
            continue
        owner = (found.uid, found.gid) == (uid + (shift or 0), gid + (shift or 0)) or shift is None
        if found.mode != mode & 0o7777 or not owner:
            return Glance(differs=True)
        if found.kind == "f" and size:
            files += 1
            timely += found.mtime_ns // 1_000_000_000 == mtime
    return Glance(files=files, timely=timely)


_FIELDS = ((100, 107), (108, 115), (116, 123), (124, 135), (136, 147))


def _is_opaque(host: Host, path: HostPath) -> bool:
    try:
        found = host.xattrs(path)
    except HostError:
        return True
    return any(mark in found for mark in _MARKS)


def _headers(host: Host, split: HostPath) -> list[tuple[str, bytes]]:
    """Return name and header block of the first entries with a plain one; nothing if the file is not a tar-split."""
    found: list[tuple[str, bytes]] = []
    block = b""
    try:
        lines = _start(host, split).split(b"\n")[:-1]
        for line in map(_LINES.decode, lines):
            if line.type == 2:
                block = (block + a2b_base64(line.payload or ""))[-_BLOCK:]
                continue
            name = line.name.removeprefix("./").strip("/")
            if (
                len(block) == _BLOCK
                and block[156] in _PLAIN
                and name
                and ".." not in name
                and block[257:262] == b"ustar"
            ):
                found.append((name, block))
            block = b""
            if len(found) == _ENTRIES:
                break
    except (HostError, OSError, zlib.error, DecodeError, ValueError):
        return found
    return found


def _start(host: Host, split: HostPath) -> bytes:
    descriptor = host.open_fd(split, follow=False)
    try:
        return zlib.decompressobj(wbits=31).decompress(os.read(descriptor, _READ_BYTES), _UNPACKED_BYTES)
    finally:
        os.close(descriptor)
