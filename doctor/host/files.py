"""Files of a host beneath one root directory: no path leads out of it, no FIFO or device is ever opened."""

import errno
import os
import stat as st
from collections.abc import Iterable, Iterator

from doctor.host.base import StatFs
from doctor.host.listings import Listings
from doctor.host.syscalls import (
    RESOLVE_IN_ROOT,
    RESOLVE_NO_SYMLINKS,
    birth,
    get_flags,
    held,
    is_mount_point,
    openat2,
)
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, is_beneath
from doctor.model.view import Stat

_KINDS = {
    st.S_IFREG: "f",
    st.S_IFDIR: "d",
    st.S_IFLNK: "l",
    st.S_IFCHR: "c",
    st.S_IFBLK: "b",
    st.S_IFIFO: "p",
    st.S_IFSOCK: "s",
}
_WHY = {
    errno.ENOENT: Why.ABSENT,
    errno.EACCES: Why.DENIED,
    errno.EPERM: Why.DENIED,
    errno.ETIMEDOUT: Why.TIMED_OUT,
    # The path has the wrong type.
    errno.ELOOP: Why.UNDECODABLE,
    errno.EISDIR: Why.UNDECODABLE,
    errno.ENOTDIR: Why.UNDECODABLE,
}


def failed(error: OSError, path: str) -> HostError:
    """Return the ``HostError`` for an ``OSError`` on ``path``."""
    why = _WHY.get(error.errno or 0, Why.UNREADABLE)
    text = "too many levels of symbolic links" if error.errno == errno.ELOOP else (error.strerror or str(error)).lower()
    return HostError(Missing(why, f"{path}: {text}", path if why is Why.UNDECODABLE else ""))


def to_stat(raw: os.stat_result) -> Stat:
    """Return the fields of a stat result that checks use."""
    return Stat(
        _KINDS.get(st.S_IFMT(raw.st_mode), "?"),
        st.S_IMODE(raw.st_mode),
        raw.st_uid,
        raw.st_gid,
        raw.st_size,
        raw.st_mtime_ns,
        raw.st_ino,
        raw.st_dev,
        raw.st_rdev,
        raw.st_nlink,
    )


class RootedFiles:
    """File access beneath ``root``, the file half of a live host or of a mounted root.

    Attributes:
        refuses: whether a recording makes some reads fail, so that each file must be read by its path.
        last_read: the file opened last: the one a failing parser was reading.
        seen: receives each path that is examined; ``None`` if paths are not recorded.
        listings: of directories of small files, if paths are recorded.
    """

    refuses = False
    last_read: str = ""
    seen: list[str] | None = None
    _fd = -1
    """For ``close``, if there was no root to open."""

    def __init__(self, root: str) -> None:
        self.listings = Listings()
        self.root = root
        self._fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        # O_NOATIME needs ownership or CAP_FOWNER; a scan avoids changing access times where it can.
        self._noatime = os.O_NOATIME if os.geteuid() == 0 else 0
        # Mount points that do not answer: paths beneath them are never accessed.
        self._hung: tuple[str, ...] = ()

    def close(self) -> None:
        """Close the root so that it can be unmounted; no read works after that."""
        descriptor, self._fd = self._fd, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        """Close the root of a host that nobody closed."""
        self.close()

    def _open(self, path: HostPath, flags: int, *, follow: bool) -> int:
        resolve = RESOLVE_IN_ROOT if follow else RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS
        relative = path.lstrip("/") or "."
        for point in self._hung:
            if is_beneath(path, point):
                raise OSError(errno.ETIMEDOUT, f"the mount on {point} does not answer")
        try:
            return openat2(self._fd, relative, flags, resolve)
        except OSError as error:
            if error.errno == errno.ENOSYS:
                return self._open_old(relative, flags, follow=follow)
            if error.errno == errno.EPERM and flags & self._noatime:
                return openat2(self._fd, relative, flags & ~os.O_NOATIME, resolve)
            raise

    def _open_old(self, relative: str, flags: int, *, follow: bool) -> int:
        """Kernels before 5.6: on the live root a plain open may follow; elsewhere each component is opened in turn,
        without following links.
        """
        if follow and self.root == "/":
            return os.open("/" + relative, flags | os.O_CLOEXEC)
        here = os.dup(self._fd)
        parts = [part for part in relative.split("/") if part not in {"", "."}]
        if ".." in parts:
            os.close(here)
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), relative)
        try:
            for index, part in enumerate(parts):
                last = index == len(parts) - 1
                step_flags = flags if last else os.O_PATH | os.O_DIRECTORY
                there = os.open(part, step_flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
                os.close(here)
                here = there
        except OSError:
            os.close(here)
            raise
        return here

    def open_directory(self, path: HostPath) -> int:
        """Open a directory for reading its entries, no component of its path followed; the caller closes it."""
        try:
            return self._open(path, os.O_RDONLY | os.O_DIRECTORY | self._noatime, follow=False)
        except OSError as error:
            raise failed(error, path) from error

    def open_fd(self, path: HostPath, *, follow: bool = False) -> int:
        """Open a regular file for reading; anything else is refused before a byte is read."""
        self.last_read = path
        try:
            descriptor = self._open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | self._noatime, follow=follow)
        except OSError as error:
            raise failed(error, path) from error
        if not st.S_ISREG(os.fstat(descriptor).st_mode):
            kind = _KINDS.get(st.S_IFMT(os.fstat(descriptor).st_mode), "?")
            os.close(descriptor)
            names = {"d": "a directory", "c": "a device", "b": "a device", "p": "a FIFO", "s": "a socket"}
            raise HostError(Missing.undecodable(path, f"{names.get(kind, 'not a regular file')}, not a file"))
        return descriptor

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Return the content of a regular file; a file above the limit is refused, never truncated silently."""
        descriptor = self.open_fd(path, follow=follow)
        try:
            first = os.read(descriptor, 65536)
            if len(first) < 4096 and not os.read(descriptor, 1):
                return first
            os.lseek(descriptor, 0, os.SEEK_SET)
            chunks = []
            size = 0
            while chunk := os.read(descriptor, 1 << 20):
                size += len(chunk)
                if size > limit_bytes:
                    raise HostError(Missing.undecodable(path, f"larger than {limit_bytes} bytes"))
                chunks.append(chunk)
            return b"".join(chunks)
        except OSError as error:
            raise failed(error, path) from error
        finally:
            os.close(descriptor)

    def _at_parent(self, path: HostPath, *, follow: bool) -> tuple[int, str]:
        head, _, name = path.rstrip("/").rpartition("/")
        return self._open(HostPath(head or "/"), os.O_PATH | os.O_DIRECTORY, follow=follow), name or "."

    def lstat(self, path: HostPath, *, follow: bool = True) -> Stat:
        """Return the status of ``path``; the last component is never followed, the others only if ``follow``."""
        try:
            directory, name = self._at_parent(path, follow=follow)
            try:
                return to_stat(os.stat(name, dir_fd=directory, follow_symlinks=False))
            finally:
                os.close(directory)
        except OSError as error:
            raise failed(error, path) from error

    def birth(self, path: HostPath) -> tuple[int, int]:
        """Return inode and birth time of ``path``, no component followed."""
        try:
            directory, name = self._at_parent(path, follow=False)
            try:
                return birth(directory, name)
            finally:
                os.close(directory)
        except OSError as error:
            raise failed(error, path) from error

    def exists(self, path: HostPath) -> bool:
        """Whether ``path`` exists."""
        try:
            self.lstat(path)
        except HostError:
            return False
        return True

    def readlink(self, path: HostPath, *, follow: bool = True) -> str:
        """Return a symbolic link's target."""
        try:
            directory, name = self._at_parent(path, follow=follow)
            try:
                return os.readlink(name, dir_fd=directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise failed(error, path) from error

    def scandir(self, path: HostPath, *, follow: bool = True) -> Iterator[tuple[str, str]]:
        """Yield (name, kind letter) of a directory; ``?`` if the file system reports no type."""
        try:
            descriptor = self._open(path, os.O_RDONLY | os.O_DIRECTORY | self._noatime, follow=follow)
            try:
                with os.scandir(descriptor) as entries:
                    for entry in entries:
                        yield entry.name, kind_of(entry)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise failed(error, path) from error

    def listdir(self, path: HostPath, *, follow: bool = True) -> list[str]:
        """Return the names in a directory, sorted."""
        try:
            descriptor = self._open(path, os.O_RDONLY | os.O_DIRECTORY | self._noatime, follow=follow)
            try:
                return sorted(os.listdir(descriptor))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise failed(error, path) from error

    def resolve(self, path: HostPath) -> HostPath:
        """Return ``path`` with symbolic links followed inside the root; missing last components are kept."""
        resolved = ""
        parts = [part for part in path.split("/") if part and part != "."]
        hops = 0
        while parts:
            part = parts.pop(0)
            if part == "..":
                resolved = resolved.rpartition("/")[0]
                continue
            here = HostPath(f"{resolved}/{part}")
            try:
                target = self.readlink(here)
            except HostError:
                resolved = here
                continue
            hops += 1
            if hops > 40:
                raise HostError(Missing.undecodable(path, "too many levels of symbolic links"))
            if target.startswith("/"):
                resolved = ""
            parts = [piece for piece in target.split("/") if piece and piece != "."] + parts
        return HostPath(resolved or "/")

    def xattrs(self, path: HostPath) -> dict[str, bytes]:
        """Return the extended attributes of ``path``, no component followed."""
        try:
            directory, name = self._at_parent(path, follow=False)
            try:
                # There is no lgetxattr relative to a directory: /proc/self/fd holds the parent instead.
                here = f"/proc/self/fd/{directory}/{name}"
                return {key: os.getxattr(here, key, follow_symlinks=False) for key in _names(here)}
            finally:
                os.close(directory)
        except OSError as error:
            raise failed(error, path) from error

    def flags(self, path: HostPath) -> int:
        """Return the inode flags of a file or directory."""
        try:
            descriptor = self._open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY, follow=False)
        except OSError as error:
            raise failed(error, path) from error
        try:
            return get_flags(descriptor)
        finally:
            os.close(descriptor)

    def held(self, path: HostPath, names: Iterable[str] = (".",)) -> dict[str, int]:
        """Return the entries of a directory that are immutable or append-only, with their inode flags."""
        try:
            directory = self._open(path, os.O_PATH | os.O_DIRECTORY, follow=False)
        except OSError as error:
            raise failed(error, path) from error
        try:
            return {name: flags for name in names if (flags := held(directory, name))}
        finally:
            os.close(directory)

    def is_mount_point(self, path: HostPath) -> bool:
        """Whether ``path`` is a mount point."""
        try:
            directory, name = self._at_parent(path, follow=False)
            try:
                return is_mount_point(directory, name)
            finally:
                os.close(directory)
        except OSError as error:
            raise failed(error, path) from error

    def statfs(self, path: HostPath) -> StatFs:
        """Return the numbers of the file system that holds ``path``."""
        try:
            descriptor = self._open(path, os.O_PATH, follow=True)
            try:
                raw = os.statvfs(f"/proc/self/fd/{descriptor}")
                magic = _magic(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise failed(error, path) from error
        unit = raw.f_frsize
        return StatFs(
            magic,
            raw.f_blocks * unit,
            raw.f_bfree * unit,
            raw.f_bavail * unit,
            raw.f_files,
            raw.f_favail,
            bool(raw.f_flag & os.ST_RDONLY),
            raw.f_fsid,
        )


def _names(path: str) -> list[str]:
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise


def kind_of(entry: "os.DirEntry[str]") -> str:
    """Return the kind letter of a directory's entry, ``?`` if the file system reports no type."""
    try:
        if entry.is_symlink():
            return "l"
        if entry.is_dir(follow_symlinks=False):
            return "d"
        if entry.is_file(follow_symlinks=False):
            return "f"
    except OSError:
        pass
    return "?"


def magic_of(path: str) -> int:
    """Return the file system magic of a path of the running machine, 0 if it can't be read."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return 0
    try:
        return _magic(descriptor)
    finally:
        os.close(descriptor)


def _magic(descriptor: int) -> int:
    """Return f_type of fstatfs(2), which ``os.statvfs`` leaves out."""
    import ctypes  # noqa: PLC0415 - only storage facts ask

    buffer = ctypes.create_string_buffer(256)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fstatfs(ctypes.c_int(descriptor), buffer) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int.from_bytes(buffer.raw[:8], "little", signed=False) & 0xFFFFFFFF
