"""Reads and writes one node of a file system completely: content, mode, owner, xattrs, times, flags.

Every parent is opened with openat2 without symbolic links, so a link planted in a container's tree is not followed.
"""

import errno
import os
import stat as st
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from doctor.host.files import to_stat
from doctor.host.syscalls import RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, get_flags, openat2, set_flags
from doctor.model.errors import RepairError
from doctor.model.step import CharacterDevice, Directory, File, HardLink, Meta, Node, Symlink
from doctor.model.view import Stat
from doctor.repair.steps import inplace

_CHUNK = 1 << 20
_SHORT = 1024
"""Size in bytes of a short file, such as `diff` and `link`; a corrupt data root may need hundreds of them."""


class Tree:
    """The host's files below one root, for writing."""

    fd = -1
    """For the end, if there was no root to open."""

    def __init__(self, root: str, tag: str = "") -> None:
        """``tag`` is part of the names of temporary files, by which a run finds those that a crash left."""
        self.root = root
        self._tag = tag or str(os.getpid())
        self.fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def __del__(self) -> None:
        """Close the root: a command makes several of these."""
        if self.fd >= 0:
            os.close(self.fd)

    def temporary(self, number: int | None = None) -> str:
        """Return the temporary name of a new node; of several ones with the step's number."""
        return f".doctor-{self._tag}{'' if number is None else f'-{number}'}.tmp"

    @contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, str]]:
        """Open the parent directory of ``path``; yield its descriptor and the last name."""
        head, _, name = path.rstrip("/").rpartition("/")
        descriptor = openat2(
            self.fd, head.lstrip("/") or ".", os.O_RDONLY | os.O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS
        )
        try:
            yield descriptor, name
        finally:
            os.close(descriptor)

    def lstat(self, path: str) -> Stat | None:
        """Return the status of ``path``, or ``None``."""
        try:
            with self.parent(path) as (directory, name):
                return to_stat(os.stat(name, dir_fd=directory, follow_symlinks=False))
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                return None
            raise

    def size_of(self, path: str) -> int:
        """Return the size in bytes of the regular file at ``path``, 0 for anything else."""
        try:
            found = self.lstat(path)
        except OSError:
            return 0
        return found.size if found is not None and found.kind == "f" else 0

    def content(self, path: str, limit_bytes: int) -> bytes | None:
        """Return the content of a regular file; ``None`` for other kinds, a longer file, or if it can't be read."""
        try:
            with self.parent(path) as (directory, name):
                descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            with open(descriptor, "rb") as stream:
                if not st.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                found = stream.read(limit_bytes + 1)
        except OSError:
            return None
        return found if len(found) <= limit_bytes else None

    def snapshot(self, path: str, blob: str, *, attributes: bool = False) -> tuple[Node | None, Meta | None]:
        """Return the node at ``path``; a file's content is copied to ``blob`` and synced, a short one is returned.

        ``attributes``: only these will change; for a socket or FIFO, which can't be recreated, only they are returned.
        """
        found = self.lstat(path)
        if found is None:
            return None, None
        with self.parent(path) as (directory, name):
            meta = meta_at(directory, name, found)
            if found.kind == "f":
                # The journal has a short one and is synced anyway: that saves one file per step.
                short = _read_short(directory, name) if found.size <= _SHORT else None
                if short is not None:
                    return File(content=short), meta
                _copy_out(directory, name, blob)
                return File(blob=blob), meta
            if found.kind == "d":
                return Directory(), meta
            if found.kind == "l":
                return Symlink(target=os.readlink(name, dir_fd=directory)), meta
            if found.kind == "c":
                return CharacterDevice(major=os.major(found.rdev), minor=os.minor(found.rdev)), meta
        if attributes:
            return None, meta
        raise RepairError(f"a {found.kind} node can't be replaced", where=path, do="move it aside by hand")

    def put(self, path: str, node: Node, meta: Meta | None, *, unlinks: bool = False) -> None:
        """Replace ``path`` by ``node``, atomically and durably; with ``unlinks`` separate from its hard links."""
        found = self.lstat(path)
        if meta is None:
            meta = self.inherited(path, found, node)
        with self.parent(path) as (directory, name):
            if isinstance(node, Directory):
                if found is None:
                    os.mkdir(name, 0o700, dir_fd=directory)
                elif found.kind != "d":
                    raise RepairError("can't replace an existing file by a directory", where=path)
            else:
                if found is not None and found.kind == "d":
                    raise RepairError("can't replace a directory", where=path)
                if isinstance(node, File) and inplace.is_fixed(directory, name, found, unlinks=unlinks):
                    inplace.rewrite(directory, name, node, keep=meta.xattrs)
                    set_meta(directory, name, meta, symlink=False)
                else:
                    self._replace(directory, name, node, meta)
            if isinstance(node, Directory):
                set_meta(directory, name, meta, symlink=False)
            if meta.flags and not isinstance(node, Symlink | CharacterDevice | HardLink):
                _set_flags(directory, name, meta.flags)
            os.fsync(directory)

    def _replace(self, directory: int, name: str, node: Node, meta: Meta) -> None:
        temporary = self.temporary()
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=directory)
        try:
            self.make(directory, temporary, node)
            if not isinstance(node, HardLink):
                set_meta(directory, temporary, meta, symlink=isinstance(node, Symlink))
            os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            if isinstance(node, HardLink):
                # rename(2) is a no-op if both are names of one file: then the new name remains.
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=directory)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=directory)
            raise

    def sweep(self, path: str, number: int) -> None:
        """Remove the temporary file that a crash of step ``number`` left beside ``path``."""
        for temporary in (self.temporary(), self.temporary(number)):
            with suppress(OSError), self.parent(path) as (directory, _):
                os.unlink(temporary, dir_fd=directory)

    def remove_empty(self, path: str) -> None:
        """Remove an empty directory; anything else is kept."""
        with suppress(OSError), self.parent(path) as (directory, name):
            os.rmdir(name, dir_fd=directory)

    def inherited(self, path: str, found: Stat | None, node: Node) -> Meta:
        """Return the attributes of a node without its own: those of the replaced one."""
        if found is not None and found.kind in {"f", "d"}:
            with self.parent(path) as (directory, name):
                kept = meta_at(directory, name, found)
                return Meta(mode=kept.mode, uid=kept.uid, gid=kept.gid, xattrs=kept.xattrs)
        return Meta(mode=0o755 if isinstance(node, Directory) else 0o644)

    def make(self, directory: int, name: str, node: Node, *, is_synced: bool = True) -> None:
        """Create a new node in a directory; a file's content is synced, or left to the caller."""
        match node:
            case File():
                descriptor = os.open(
                    name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=directory
                )
                with open(descriptor, "wb") as stream:
                    if node.blob:
                        with open(node.blob, "rb") as source:
                            while chunk := source.read(_CHUNK):
                                stream.write(chunk)
                    else:
                        stream.write(node.content)
                    stream.flush()
                    if is_synced:
                        os.fsync(stream.fileno())
            case Symlink(target=target):
                os.symlink(target, name, dir_fd=directory)
            case CharacterDevice(major=major, minor=minor):
                os.mknod(name, st.S_IFCHR | 0o600, os.makedev(major, minor), dir_fd=directory)
            case HardLink(target=target):
                with self.parent(target) as (source, source_name):
                    os.link(source_name, name, src_dir_fd=source, dst_dir_fd=directory, follow_symlinks=False)
            case Directory():
                os.mkdir(name, 0o700, dir_fd=directory)

    def set_attributes(self, path: str, meta: dict[str, object], xattrs: dict[str, bytes | None]) -> None:
        """Set the given ones of mode, uid, gid, flags and mtime_ns, and xattrs (``None`` removes)."""
        with self.parent(path) as (directory, name):
            here = f"/proc/self/fd/{directory}/{name}"
            flags = meta.get("flags")
            if isinstance(flags, int):
                # An immutable file can't be changed otherwise: that flag is cleared first and set last.
                _set_flags(directory, name, 0)
            uid, gid, mode, mtime = (meta.get(key) for key in ("uid", "gid", "mode", "mtime_ns"))
            if uid is not None or gid is not None:
                # chown clears setuid bits, so it comes before the mode.
                os.chown(
                    name,
                    uid if isinstance(uid, int) else -1,
                    gid if isinstance(gid, int) else -1,
                    dir_fd=directory,
                    follow_symlinks=False,
                )
            if isinstance(mode, int):
                _chmod(directory, name, mode)
            for key, value in xattrs.items():
                if value is None:
                    with suppress(OSError):
                        os.removexattr(here, key, follow_symlinks=False)
                else:
                    os.setxattr(here, key, value, follow_symlinks=False)
            if isinstance(mtime, int):
                os.utime(name, ns=(mtime, mtime), dir_fd=directory, follow_symlinks=False)
            if isinstance(flags, int) and flags:
                _set_flags(directory, name, flags)
            os.fsync(directory)


def meta_at(directory: int, name: str, found: Stat) -> Meta:
    """Return the attributes of an entry of an open directory, whose status is ``found``."""
    here = f"/proc/self/fd/{directory}/{name}"
    xattrs: dict[str, bytes] = {}
    with suppress(OSError):
        xattrs = {
            key: os.getxattr(here, key, follow_symlinks=False) for key in os.listxattr(here, follow_symlinks=False)
        }
    flags = 0
    if found.kind in {"f", "d"}:
        descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        try:
            flags = get_flags(descriptor) & 0x30
        finally:
            os.close(descriptor)
    return Meta(mode=found.mode, uid=found.uid, gid=found.gid, xattrs=xattrs, mtime_ns=found.mtime_ns, flags=flags)


def set_meta(directory: int, name: str, meta: Meta, *, symlink: bool) -> None:
    """Set owner, mode, xattrs and time of a node; the caller sets flags last."""
    here = f"/proc/self/fd/{directory}/{name}"
    os.chown(name, meta.uid, meta.gid, dir_fd=directory, follow_symlinks=False)
    if not symlink:
        _chmod(directory, name, meta.mode)
    for key, value in meta.xattrs.items():
        try:
            os.setxattr(here, key, value, follow_symlinks=False)
        except OSError as error:
            # A file system without this class of xattrs (tmpfs: user.*) could not have had it either; a symbolic link
            # can't have user.* (xattr(7)).
            if error.errno not in ({errno.ENOTSUP, errno.EPERM} if symlink else {errno.ENOTSUP}):
                raise
    if meta.mtime_ns is not None:
        os.utime(name, ns=(meta.mtime_ns, meta.mtime_ns), dir_fd=directory, follow_symlinks=False)


def _chmod(directory: int, name: str, mode: int) -> None:
    """Change the mode by descriptor: chmod(2) follows links, and fchmodat's flag exists only since Linux 6.6."""
    descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        if st.S_ISLNK(os.fstat(descriptor).st_mode):
            raise RepairError("a symbolic link has no mode of its own", where=name)
        os.chmod(f"/proc/self/fd/{descriptor}", mode)
    finally:
        os.close(descriptor)


def _set_flags(directory: int, name: str, flags: int) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        old = get_flags(descriptor)
        set_flags(descriptor, (old & ~0x30) | (flags & 0x30))
    finally:
        os.close(descriptor)


def _read_short(directory: int, name: str) -> bytes | None:
    """Return a regular file's content, ``None`` if it is longer than a journal line should hold."""
    source = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    with open(source, "rb") as stream:
        if not st.S_ISREG(os.fstat(source).st_mode):
            raise RepairError("it changed while doctor read it", where=name, do="run doctor again")
        content = stream.read(_SHORT + 1)
    return content if len(content) <= _SHORT else None


def _copy_out(directory: int, name: str, blob: str) -> None:
    source = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        if not st.S_ISREG(os.fstat(source).st_mode):
            raise RepairError("it changed while doctor read it", where=name, do="run doctor again")
        target = os.open(blob, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            while chunk := os.read(source, _CHUNK):
                view = memoryview(chunk)
                while view:
                    view = view[os.write(target, view) :]
            os.fsync(target)
        finally:
            os.close(target)
    finally:
        os.close(source)
