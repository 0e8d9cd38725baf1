"""Reads a layer's directory safely: no name leads outside, no link is followed, no FIFO or device is opened."""

import errno
import os
import stat as st
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from doctor.host.base import Host
from doctor.host.files import RootedFiles, failed
from doctor.host.noted import in_whole
from doctor.host.syscalls import RESOLVE_NO_SYMLINKS, openat2
from doctor.model.missing import HostError, Why
from doctor.model.paths import HostPath, join
from doctor.model.text import visible

CHUNK_BYTES = 1 << 20
_SMALL_BYTES = 128 << 10
_RESOLVE_BENEATH = 0x08
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG, errno.EXDEV})
_TYPES = {
    "f": st.S_IFREG, "d": st.S_IFDIR, "l": st.S_IFLNK, "c": st.S_IFCHR, "b": st.S_IFBLK, "p": st.S_IFIFO, "s": st.S_IFSOCK,
}  # fmt: skip


class Status(Protocol):
    """The fields of a stat result that are compared."""

    @property
    def st_mode(self) -> int: ...  # noqa: D102 - stat(2)
    @property
    def st_uid(self) -> int: ...  # noqa: D102
    @property
    def st_gid(self) -> int: ...  # noqa: D102
    @property
    def st_size(self) -> int: ...  # noqa: D102
    @property
    def st_ino(self) -> int: ...  # noqa: D102
    @property
    def st_dev(self) -> int: ...  # noqa: D102
    @property
    def st_rdev(self) -> int: ...  # noqa: D102
    @property
    def st_nlink(self) -> int: ...  # noqa: D102
    @property
    def st_mtime_ns(self) -> int: ...  # noqa: D102


class _Seen(Struct, frozen=True, kw_only=True):
    """A stat result of a host that is not a plain directory."""

    st_mode: int
    st_uid: int
    st_gid: int
    st_size: int
    st_ino: int
    st_dev: int
    st_rdev: int
    st_nlink: int
    st_mtime_ns: int


class ProofTree(Protocol):
    """A directory by names relative to it, "" for itself. Methods return ``None`` for a missing name."""

    def lstat(self, name: bytes) -> Status | None:
        """Status of a name, not followed."""
        ...

    def content(self, name: bytes, size: int, buffer: memoryview) -> "Content | None":
        """A regular file's content, small ones as one piece; pieces of large ones are views of the buffer."""
        ...

    def readlink(self, name: bytes) -> bytes:
        """A symbolic link's target."""
        ...

    def xattrs(self, name: bytes) -> dict[str, bytes]:
        """Extended attributes of a name, not followed."""
        ...

    def entries(self, name: bytes) -> list[tuple[bytes, bool]]:
        """Names in a directory, and which of them are directories."""
        ...

    def close(self) -> None:
        """Close open descriptors."""
        ...


class Content(Struct, frozen=True):
    """An open file: its status, the names of its extended attributes, its bytes."""

    status: Status
    xattr_names: list[str]
    pieces: "Pieces | list[bytes]"

    def close(self) -> None:
        """Skip the rest."""
        if isinstance(self.pieces, Pieces):
            self.pieces.close()


class Pieces:
    """A file's bytes in views of one buffer, limited to a size: a growing file would never end."""

    def __init__(self, descriptor: int, buffer: memoryview, size: int) -> None:
        self._descriptor = descriptor
        self._buffer = buffer
        self._left = size

    def __iter__(self) -> Iterator[memoryview]:
        """Yield the pieces, then close the file."""
        try:
            while self._left > 0 and (count := os.readv(self._descriptor, [self._buffer])):
                self._left -= count
                yield self._buffer[:count]
        finally:
            self.close()

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def open_tree(host: Host, path: HostPath) -> ProofTree:
    """Return the directory at ``path``; the fast kind if the host is a plain directory. Raises ``HostError``."""
    host = in_whole(host, path)
    if isinstance(host, RootedFiles):
        return DirectoryTree(host.open_directory(path))
    host.lstat(path, follow=False)
    return HostTree(host, path)


class DirectoryTree:
    """A directory by descriptor. A tar lists the files of one directory in a row, so the last directory stays open."""

    def __init__(self, descriptor: int) -> None:
        self._top = descriptor
        self._noatime = os.O_NOATIME if os.geteuid() == 0 else 0
        self._flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC | self._noatime
        self._parent = descriptor
        self._parent_name = b""

    def close(self) -> None:
        """Close both descriptors."""
        self._leave()
        os.close(self._top)

    def _leave(self) -> None:
        if self._parent != self._top:
            os.close(self._parent)
        self._parent, self._parent_name = self._top, b""

    def _at(self, name: bytes) -> tuple[int, bytes]:
        head, _, base = name.rpartition(b"/")
        if head != self._parent_name:
            self._leave()
            if head:
                self._parent = self._open_directory(head)
                self._parent_name = head
        return self._parent, base or b"."

    def _open_directory(self, name: bytes) -> int:
        flags = os.O_RDONLY | os.O_DIRECTORY | self._noatime
        try:
            return openat2(self._top, os.fsdecode(name or b"."), flags, RESOLVE_NO_SYMLINKS | _RESOLVE_BENEATH)
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
        # Before Linux 5.6: one component after the other; names with ".." were rejected before.
        here = os.dup(self._top)
        for part in name.split(b"/") if name else []:
            try:
                there = os.open(part, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            finally:
                os.close(here)
            here = there
        return here

    def lstat(self, name: bytes) -> os.stat_result | None:
        """See ``ProofTree``."""
        try:
            parent, base = self._at(name)
            return os.stat(base, dir_fd=parent, follow_symlinks=False)
        except OSError as error:
            _raise_unless_absent(error, name)
            return None

    def content(self, name: bytes, size: int, buffer: memoryview) -> Content | None:
        """See ``ProofTree``; the pieces of a large file must be consumed before the next call."""
        head, _, base = name.rpartition(b"/")
        try:
            if head != self._parent_name or not base:
                self._at(name)
            descriptor = os.open(base or b".", self._flags, dir_fd=self._parent)
        except OSError as error:
            _raise_unless_absent(error, name)
            return None
        kept = False
        try:
            status = os.fstat(descriptor)
            if not st.S_ISREG(status.st_mode):
                return None
            names = os.listxattr(descriptor)
            if size < _SMALL_BYTES:
                data = os.read(descriptor, size + 1)
                if len(data) == status.st_size:
                    return Content(status, names, [data])
                os.lseek(descriptor, 0, os.SEEK_SET)
            kept = True
            return Content(status, names, Pieces(descriptor, buffer, status.st_size))
        finally:
            if not kept:
                os.close(descriptor)

    def readlink(self, name: bytes) -> bytes:
        """See ``ProofTree``."""
        parent, base = self._at(name)
        return os.fsencode(os.readlink(base, dir_fd=parent))

    def xattrs(self, name: bytes) -> dict[str, bytes]:
        """See ``ProofTree``. There is no lgetxattr relative to a directory: /proc/self/fd holds the parent instead."""
        try:
            parent, base = self._at(name)
            here = b"/proc/self/fd/%d/%s" % (parent, base)
            return {
                key: os.getxattr(here, key, follow_symlinks=False) for key in os.listxattr(here, follow_symlinks=False)
            }
        except OSError:
            return {}

    def entries(self, name: bytes) -> list[tuple[bytes, bool]]:
        """See ``ProofTree``."""
        descriptor = self._open_directory(name)
        try:
            with os.scandir(descriptor) as found:
                return [(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in found]
        finally:
            os.close(descriptor)


def _raise_unless_absent(error: OSError, name: bytes) -> None:
    """Raise ``HostError`` unless the path is missing, not a file, or has a link or file as a parent."""
    if error.errno not in _ABSENT:
        raise failed(error, visible(os.fsdecode(name))) from error


class HostTree:
    """A directory of a host that is read by path: a prediction. Slow, so it is used only for paths that a plan
    changes.
    """

    def __init__(self, host: Host, path: HostPath) -> None:
        self._host = host
        self._path = path

    def close(self) -> None:
        """Nothing is open."""

    def _at(self, name: bytes) -> HostPath:
        return join(self._path, os.fsdecode(name)) if name else self._path

    def lstat(self, name: bytes) -> Status | None:
        """See ``ProofTree``."""
        try:
            found = self._host.lstat(self._at(name), follow=False)
        except HostError:
            return None
        return _Seen(
            st_mode=_TYPES.get(found.kind, 0) | found.mode,
            st_uid=found.uid,
            st_gid=found.gid,
            st_size=found.size,
            st_ino=found.inode,
            st_dev=found.device,
            st_rdev=found.rdev,
            st_nlink=found.nlink,
            st_mtime_ns=found.mtime_ns,
        )

    def content(self, name: bytes, size: int, buffer: memoryview) -> Content | None:
        """See ``ProofTree``."""
        path = self._at(name)
        status = self.lstat(name)
        if status is None or not st.S_ISREG(status.st_mode):
            return None
        try:
            try:
                return Content(
                    status, list(self.xattrs(name)), Pieces(self._host.open_fd(path), buffer, status.st_size)
                )
            except HostError as error:
                if error.missing.why is not Why.UNSUPPORTED:
                    raise
                data = self._host.read(path, follow=False, limit_bytes=max(size, status.st_size) + 1)
                return Content(status, list(self.xattrs(name)), [data])
        except HostError:
            return None

    def readlink(self, name: bytes) -> bytes:
        """See ``ProofTree``."""
        return os.fsencode(self._host.readlink(self._at(name), follow=False))

    def xattrs(self, name: bytes) -> dict[str, bytes]:
        """See ``ProofTree``."""
        try:
            return self._host.xattrs(self._at(name))
        except HostError:
            return {}

    def entries(self, name: bytes) -> list[tuple[bytes, bool]]:
        """See ``ProofTree``."""
        found = self._host.scandir(self._at(name), follow=False)
        return [(os.fsencode(entry), kind == "d") for entry, kind in found]
