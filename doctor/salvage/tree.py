"""Writes a directory as a tar: volumes, writable layers, and unproven layers.

Numeric owners, modes, times to the nanosecond, hard links, devices, holes (GNU tar's PAX format 1.0) and extended attributes
(PAX ``SCHILY.xattr.``, as GNU tar, bsdtar and Docker read them). A writable layer's whiteouts are converted to those of
OCI layers (``.wh.NAME``, ``.wh..wh..opq``).
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from tarfile import REGTYPE, TarInfo

from doctor.host.base import Host
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join
from doctor.model.text import visible
from doctor.salvage import tar_headers
from doctor.salvage.layer import CHUNK_BYTES, unread

END = bytes(1024)
MAX_DEPTH = 2000
_MAX_SKIPPED = 20
_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque", "user.fuseoverlayfs.opaque")
_OVERLAY = ("trusted.overlay.", "user.overlay.", "user.fuseoverlayfs.")
_WHITEOUT = ".wh."
_META = ".wh..wh."
_OPAQUE_FILE = ".wh..wh..opq"


class TreeTar:
    """The tar of one directory.

    Args:
        host: where it is.
        top: the directory.
        is_layer: whether it is an upper directory of overlayfs.
        has_marks: whether files named ``.wh.NAME`` may also mark removals: aufs, and fuse-overlayfs without the right
            to make devices.

    Attributes:
        skipped: the first few names that a tar can't hold or that could not be read; ``lost`` counts the latter.
        mark: set by ``size``; it changes with any name, size, time or inode attribute in the directory.
    """

    def __init__(self, host: Host, top: HostPath, *, is_layer: bool, has_marks: bool = False) -> None:
        self.host = host
        self.top = top
        self.is_layer = is_layer
        self.has_marks = has_marks
        self.skipped: list[str] = []
        self.lost = 0
        self.renamed = False
        self.mark = ""
        self._links: dict[tuple[int, int], str] = {}

    def size(self) -> int:
        """Return the estimated size of the tar in bytes, from the sizes of the files. Raises ``UnprovenError``."""
        total = len(END)
        seen = sha256()
        counted: set[tuple[int, int]] = set()
        for name, path in self.walk():
            # Most have a PAX header (two blocks) before their own; an opaque directory has a second entry.
            total += 4 * tar_headers.BLOCK
            seen.update(os.fsencode(name) + b"\0")
            if path is None:
                continue
            try:
                found = self.host.lstat(path, follow=False)
            except HostError:
                continue
            # Not the device number: it differs at each mount of a disk.
            about = (found.kind, found.mode, found.uid, found.gid, found.size, found.mtime_ns, found.inode, found.rdev)
            seen.update(repr(about).encode())
            if found.kind != "f" or (found.device, found.inode) in counted:
                continue
            if found.nlink > 1:
                counted.add((found.device, found.inode))
            total += tar_headers.padded(self._stored(path, found.size))
        self.mark = seen.hexdigest()
        # An unreadable directory is reported when the tar is written.
        self.skipped, self.lost = [], 0
        return total

    def _stored(self, path: HostPath, size: int) -> int:
        """Return the size of a file in the tar: for a sparse one its data and its map."""
        if size < tar_headers.SPARSE_BYTES:
            return size
        try:
            descriptor = self.host.open_fd(path, follow=False)
        except HostError:
            return size
        try:
            pieces = tar_headers.pieces_of(descriptor)
        finally:
            os.close(descriptor)
        if pieces is None:
            return size
        return len(tar_headers.sparse_map(pieces, size)) + sum(length for _, length in pieces) + tar_headers.BLOCK

    def pieces(self) -> Iterator[bytes]:
        """Yield the tar. Raises ``UnprovenError`` if the directory itself can't be read."""
        for name, path in self.walk():
            if path is None:
                yield _whiteout(name)
            else:
                yield from self._entry(name, path)
        yield END

    def walk(self) -> Iterator[tuple[str, HostPath | None]]:
        """Yield everything below the directory, each directory before its entries, names sorted.

        An entry without a path was removed from the lower tree.
        """
        yield "", self.top
        pending = [iter(self.names("", self.top))]
        while pending:
            found = next(pending[-1], None)
            if found is None:
                pending.pop()
                continue
            name, path, kind = found
            if self.has_marks and path.rpartition("/")[2].startswith(_META):
                # Internal to aufs: its links, orphans, and the file that all whiteouts link to.
                continue
            yield name, path
            if kind == "d" and len(pending) < MAX_DEPTH:
                pending.append(iter(self.names(name + "/", path)))

    def names(self, prefix: str, path: HostPath) -> list[tuple[str, HostPath, str]]:
        """Return (name, path, kind) of a directory's entries, sorted; empty, with a note, if it can't be read."""
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
            yield _whiteout(name)
            return
        if self.has_marks and found.kind == "f" and name.rpartition("/")[2].startswith(_WHITEOUT):
            yield tar_headers.header(tar_headers.empty(name), {})
            return
        if found.kind not in tar_headers.TYPES:
            self._skip(name, "a socket")
            return
        known = self._links.get((found.device, found.inode))
        if found.nlink > 1 and found.kind != "d" and known is None:
            self._links[found.device, found.inode] = name
        opaque = name and found.kind == "d" and self._is_opaque(path, attributes)
        if self.is_layer:
            self.renamed = self.renamed or any(key.endswith((".redirect", ".metacopy")) for key in attributes)
            attributes = {key: value for key, value in attributes.items() if not key.startswith(_OVERLAY)}
        yield from self._written(tar_headers.info_of(name, found, target, known), attributes, path)
        if opaque:
            yield tar_headers.header(tar_headers.empty(f"{name}/{_OPAQUE_FILE}"), {})

    def _is_opaque(self, path: HostPath, attributes: dict[str, bytes]) -> bool:
        """Whether a directory hides the one below it."""
        if self.is_layer and any(attributes.get(key) == b"y" for key in _OPAQUE):
            return True
        if not self.has_marks:
            return False
        try:
            return self.host.lstat(join(path, _OPAQUE_FILE), follow=False).kind == "f"
        except HostError:
            return False

    def _written(self, info: TarInfo, attributes: dict[str, bytes], path: HostPath) -> Iterator[bytes]:
        if info.type != REGTYPE or not info.size:
            yield tar_headers.header(info, attributes)
            return
        name, size = info.name, info.size
        try:
            descriptor = self.host.open_fd(path, follow=False)
        except HostError as error:
            self._skip(name, visible(error.missing.reason[-120:]), is_lost=True)
            return
        try:
            pieces = tar_headers.pieces_of(descriptor) if os.fstat(descriptor).st_size == size else None
            table = tar_headers.make_sparse(info, pieces) if pieces is not None else b""
            yield tar_headers.header(info, attributes) + table
            for offset, length in [(0, size)] if pieces is None else pieces:
                yield from self._content(descriptor, offset, length, name)
        finally:
            os.close(descriptor)
        yield bytes(-info.size % tar_headers.BLOCK)

    def _content(self, descriptor: int, offset: int, left: int, name: str) -> Iterator[bytes]:
        """Yield exactly ``left`` bytes from an offset; zeros, with a note, for missing or unreadable parts."""
        while left:
            try:
                chunk = os.pread(descriptor, min(left, CHUNK_BYTES), offset)
                why = "it was truncated"
            except OSError as error:
                chunk, why = b"", visible(str(HostError(Missing(Why.UNREADABLE, error.strerror or "error"))))
            if not chunk:
                self._skip(name, f"{why}; its end is zeros", is_lost=True)
                break
            yield chunk
            offset += len(chunk)
            left -= len(chunk)
        while left:
            yield bytes(min(left, CHUNK_BYTES))
            left -= min(left, CHUNK_BYTES)


def _whiteout(name: str) -> bytes:
    head, slash, last = name.rpartition("/")
    return tar_headers.header(tar_headers.empty(f"{head}{slash}{_WHITEOUT}{last}"), {})
