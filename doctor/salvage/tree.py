"""A directory as a tar: volumes, writable layers, and layers that can't be proven.

Numeric owners, modes, times to the nanosecond, hard links, devices and extended attributes (PAX ``SCHILY.xattr.``, as GNU
tar, bsdtar and Docker read them). A writable layer's whiteouts get the form of OCI layers (``.wh.NAME``, ``.wh..wh..opq``).
"""

import os
from collections.abc import Iterator
from tarfile import BLKTYPE, CHRTYPE, DIRTYPE, FIFOTYPE, LNKTYPE, PAX_FORMAT, REGTYPE, SYMTYPE, TarInfo

from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.model.text import visible
from doctor.model.view import Stat
from doctor.salvage.layer import chunks, unread

END = bytes(1024)
_BLOCK = 512
_MAX_DEPTH = 2000
_MAX_SKIPPED = 20
_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")
_OVERLAY = ("trusted.overlay.", "user.overlay.")
_TYPES = {"f": REGTYPE, "d": DIRTYPE, "l": SYMTYPE, "c": CHRTYPE, "b": BLKTYPE, "p": FIFOTYPE}


class TreeTar:
    """The tar of one directory.

    Args:
        host: where it is.
        top: the directory.
        is_layer: whether it is overlay2's upper directory.

    Attributes:
        skipped: names of what a tar can't hold or what could not be read, the first few; ``lost`` counts the latter.
    """

    def __init__(self, host: Host, top: HostPath, *, is_layer: bool) -> None:
        self.host = host
        self.top = top
        self.is_layer = is_layer
        self.skipped: list[str] = []
        self.lost = 0
        self.renamed = False
        self._links: dict[tuple[int, int], str] = {}

    def size(self) -> int:
        """Return about how many bytes the tar has, from the sizes of the files. Raises ``UnprovenError``."""
        total = len(END)
        for _, path in self._walk():
            try:
                found = self.host.lstat(path, follow=False)
            except HostError:
                continue
            # Most have a PAX header (two blocks) before their own; an opaque directory has a second entry.
            total += 4 * _BLOCK + (_padded(found.size) if found.kind == "f" else 0)
        return total

    def pieces(self) -> Iterator[bytes]:
        """Yield the tar. Raises ``UnprovenError`` where the directory itself can't be read."""
        for name, path in self._walk():
            yield from self._entry(name, path)
        yield END

    def _walk(self) -> Iterator[tuple[str, HostPath]]:
        """Yield everything below the directory, each directory before what is in it, names sorted."""
        yield "", self.top
        pending = [iter(self._list("", self.top))]
        while pending:
            entry = next(pending[-1], None)
            if entry is None:
                pending.pop()
                continue
            yield entry[0], entry[1]
            if entry[2] == "d" and len(pending) < _MAX_DEPTH:
                pending.append(iter(self._list(entry[0] + "/", entry[1])))

    def _list(self, prefix: str, path: HostPath) -> list[tuple[str, HostPath, str]]:
        try:
            found = sorted(self.host.scandir(path, follow=False))
        except HostError as error:
            if not prefix:
                raise unread(error.missing) from error
            self._skip(prefix, "can't be read", is_lost=True)
            return []
        return [(prefix + name, join(path, name), kind) for name, kind in found]

    def _skip(self, name: str, why: str, *, is_lost: bool = False) -> None:
        self.lost += is_lost
        if len(self.skipped) < _MAX_SKIPPED:
            self.skipped.append(f"{visible(name)}: {why}")

    def _entry(self, name: str, path: HostPath) -> Iterator[bytes]:
        try:
            found = self.host.lstat(path, follow=False)
            attributes = self.host.xattrs(path)
            target = self.host.readlink(path, follow=False) if found.kind == "l" else ""
        except HostError as error:
            self._skip(name, visible(error.missing.reason[-120:]), is_lost=True)
            return
        if self.is_layer and found.kind == "c" and found.rdev == 0:
            head, slash, last = name.rpartition("/")
            yield _header(_empty(f"{head}{slash}.wh.{last}"), {})
            return
        if found.kind not in _TYPES:
            self._skip(name, "a socket")
            return
        known = self._links.get((found.device, found.inode))
        if found.nlink > 1 and found.kind != "d" and known is None:
            self._links[found.device, found.inode] = name
        opaque = self.is_layer and any(attributes.get(key) == b"y" for key in _OPAQUE)
        if self.is_layer:
            self.renamed = self.renamed or any(key.endswith((".redirect", ".metacopy")) for key in attributes)
            attributes = {key: value for key, value in attributes.items() if not key.startswith(_OVERLAY)}
        yield from self._written(_info(name, found, target, known), attributes, path)
        if opaque and name:
            yield _header(_empty(f"{name}/.wh..wh..opq"), {})

    def _written(self, info: TarInfo, attributes: dict[str, bytes], path: HostPath) -> Iterator[bytes]:
        if info.type != REGTYPE or not info.size:
            yield _header(info, attributes)
            return
        content = chunks(self.host, path)
        try:
            first = next(content, b"")
        except HostError as error:
            self._skip(info.name, visible(error.missing.reason[-120:]), is_lost=True)
            return
        yield _header(info, attributes)
        left, lost = info.size, self.lost
        try:
            while first and left:
                yield first[:left]
                left -= min(left, len(first))
                first = next(content, b"")
        except HostError as error:
            self._skip(info.name, f"{visible(error.missing.reason[-120:])}; its end is zeros", is_lost=True)
        finally:
            content.close()
        if left and lost == self.lost:
            self._skip(info.name, "it became shorter; its end is zeros", is_lost=True)
        while left:
            yield bytes(min(left, 1 << 20))
            left -= min(left, 1 << 20)
        yield bytes(-info.size % _BLOCK)


def _padded(size: int) -> int:
    return size + -size % _BLOCK


def _empty(name: str) -> TarInfo:
    info = TarInfo(name)
    info.mode = 0
    return info


def _info(name: str, found: Stat, target: str, known: str | None) -> TarInfo:
    info = TarInfo(f"{name}/" if found.kind == "d" and name else name or "./")
    info.type = _TYPES[found.kind]
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


def _header(info: TarInfo, attributes: dict[str, bytes]) -> bytes:
    """Return a PAX header; names and values that are no UTF-8 are kept byte for byte."""
    pairs = {f"SCHILY.xattr.{key}": value.decode("utf-8", "surrogateescape") for key, value in attributes.items()}
    info.pax_headers = {**info.pax_headers, **pairs}
    return info.tobuf(PAX_FORMAT, "utf-8", "surrogateescape")
