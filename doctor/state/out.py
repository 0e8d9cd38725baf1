"""Writes files outside of doctor's own directory: a report, a unit, a completion, the tar of a salvage.

Other users may have prepared that directory. A link in a directory that others can write is not followed, another
user's file there is not written, and a replaced target keeps its mode, owner and extended attributes.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from doctor.model.errors import RefusedError
from doctor.state.trust import is_open_to_others

_MOST_LINKS = 40
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Links there name open files, not paths (/dev/stdout).
_OPEN_FILES = re.compile(r"/proc/(?:self|thread-self|[0-9]+(?:/task/[0-9]+)?)/fd")
_IN_PLACE = frozenset({errno.EPERM, errno.EACCES, errno.EROFS})


class Spot:
    """An open directory and a name in it, with its status; the path was resolved link by link.

    Attributes:
        directory: descriptor of the directory, used only to open names in it.
        name: the last component, never a link unless ``is_open_file``.
        found: its status, ``None`` if it does not exist.
        is_open_file: whether the name is a /proc link to an open file.
    """

    def __init__(self, path: str, *, make: bool = False, mode: int = 0o755) -> None:
        """Resolve a path. With ``make`` missing directories are created.

        Raises ``RefusedError`` for a link that others may have created, ``OSError`` for a missing directory.
        """
        self.path = path
        self._make = make
        self._mode = mode
        self.directory = os.open("/", _DIRECTORY)
        self.name = "."
        self.found: os.stat_result | None = None
        self.is_open_file = False
        try:
            self._walk(_parts(os.path.join(os.getcwd(), path)))
        except BaseException:
            os.close(self.directory)
            raise

    def close(self) -> None:
        """Close the directory."""
        os.close(self.directory)

    @property
    def is_open_to_others(self) -> bool:
        """Whether users other than root and this one can create or rename files in the directory."""
        return is_open_to_others(os.fstat(self.directory))

    def _walk(self, parts: list[str]) -> None:
        links = 0
        while parts:
            self.name = parts.pop(0)
            self.found = self._look()
            if self.found is not None and stat.S_ISLNK(self.found.st_mode):
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), self.path)
                self._refuse_planted()
                target = os.readlink(self.name, dir_fd=self.directory)
                if self._is_of_open_files():
                    self.is_open_file = True
                    return
                if target.startswith("/"):
                    self._enter(os.open("/", _DIRECTORY))
                parts = _parts(target) + parts
                self.name, self.found = ".", os.fstat(self.directory)
            elif parts:
                if self.found is None and self._make:
                    os.mkdir(self.name, self._mode, dir_fd=self.directory)
                self._enter(os.open(self.name, _DIRECTORY, dir_fd=self.directory))

    def _look(self) -> os.stat_result | None:
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _enter(self, descriptor: int) -> None:
        os.close(self.directory)
        self.directory = descriptor

    def _is_of_open_files(self) -> bool:
        return bool(_OPEN_FILES.fullmatch(os.readlink(f"/proc/self/fd/{self.directory}")))

    def _refuse_planted(self) -> None:
        if self.is_open_to_others:
            raise RefusedError(
                f"'{self.name}' is a symbolic link in a directory that others can write",
                where=self.path,
                do="name its target, or another directory",
            )

    def refuse_foreign(self) -> None:
        """Raise ``RefusedError`` if another user created the file in advance."""
        if self.found is None or self.found.st_uid in {0, os.geteuid()}:
            return
        place = os.fstat(self.directory)
        is_theirs_alone = place.st_uid == self.found.st_uid and not place.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if self.is_open_to_others and not (is_theirs_alone and stat.S_ISREG(self.found.st_mode)):
            raise RefusedError(
                f"user {self.found.st_uid} created it in a directory that others can write",
                where=self.path,
                do="choose another name or directory",
            )

    def refuse_other(self, descriptor: int) -> None:
        """Raise ``RefusedError`` if the opened file is not the one that was checked."""
        now = os.fstat(descriptor)
        if self.found is None or (now.st_dev, now.st_ino) != (self.found.st_dev, self.found.st_ino):
            raise RefusedError("it was replaced while it was opened", where=self.path, do="choose another directory")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def write_out(path: str, content: bytes, *, mode: int = 0o644, make: bool = False, takes_over: bool = True) -> None:
    """Write a requested file: atomically, or into an existing pipe or device (/dev/stdout).

    A new file gets ``mode`` less the umask; a replaced one too, if it ``takes_over`` nothing. Raises ``RefusedError`` and
    ``OSError``.
    """
    with replacing(path, mode=mode, make=make, takes_over=takes_over) as descriptor:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def open_directory(path: str, *, mode: int) -> int:
    """Return a descriptor of a directory to write to; it is created with ``mode``, missing parents with 0755.

    Raises ``RefusedError`` for a link in the path that others may have created, ``OSError`` if it can't be opened.
    """
    spot = Spot(path, make=True)
    try:
        if spot.found is None:
            os.mkdir(spot.name, mode, dir_fd=spot.directory)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(spot.name, flags, dir_fd=spot.directory)
    finally:
        spot.close()


@contextmanager
def replacing(path: str, *, mode: int = 0o644, make: bool = False, takes_over: bool = True) -> Iterator[int]:
    """Open a path for writing; a file gets its name and the new content once the block succeeded."""
    spot = Spot(path, make=make)
    try:
        spot.refuse_foreign()
        if spot.found is not None and stat.S_ISDIR(spot.found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if spot.is_open_file or not (spot.found is None or stat.S_ISREG(spot.found.st_mode)):
            with _through(spot) as descriptor:
                yield descriptor
            return
        with _renamed(spot, mode, takes_over=takes_over) as descriptor:
            yield descriptor
    finally:
        spot.close()


@contextmanager
def _through(spot: Spot) -> Iterator[int]:
    """Open a pipe, a device, or an already open file."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(spot.name, flags | (0 if spot.is_open_file else os.O_NOFOLLOW), dir_fd=spot.directory)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _renamed(spot: Spot, mode: int, *, takes_over: bool) -> Iterator[int]:
    temporary = f".doctor-{os.getpid()}.tmp"
    try:
        descriptor = _new(temporary, mode, spot.directory)
        if takes_over and spot.found is not None and not _takes_over(descriptor, spot):
            os.close(descriptor)
            os.unlink(temporary, dir_fd=spot.directory)
            descriptor = -1
    except OSError as error:
        if spot.found is None or error.errno not in _IN_PLACE:
            raise
        descriptor = -1
    if descriptor < 0:
        with _filled(spot) as inside:
            yield inside
        return
    try:
        yield descriptor
        os.fsync(descriptor)
        os.rename(temporary, spot.name, src_dir_fd=spot.directory, dst_dir_fd=spot.directory)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=spot.directory)
        raise
    finally:
        os.close(descriptor)
    _sync(spot.directory)


def _new(name: str, mode: int, directory: int) -> int:
    """Create a new file exclusively: in a shared directory its name can be guessed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(name, flags, mode, dir_fd=directory)
    except FileExistsError:
        # Left by a killed doctor with the same process id.
        os.unlink(name, dir_fd=directory)
        return os.open(name, flags, mode, dir_fd=directory)


def _takes_over(descriptor: int, spot: Spot) -> bool:
    """Copy the old file's metadata to a new one; return whether it can replace the old one."""
    old = spot.found
    if old is None:
        return True
    if old.st_nlink > 1 and not spot.is_open_to_others:
        return False
    try:
        os.fchown(descriptor, old.st_uid, old.st_gid)
        os.fchmod(descriptor, old.st_mode & 0o777)
        _copy_attributes(descriptor, spot)
    except OSError:
        return spot.is_open_to_others
    return True


def _copy_attributes(descriptor: int, spot: Spot) -> None:
    """Copy extended attributes, access control lists among them."""
    source = os.open(spot.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=spot.directory)
    try:
        spot.refuse_other(source)
        for name in os.listxattr(source):
            os.setxattr(descriptor, name, os.getxattr(source, name))
    finally:
        os.close(source)


@contextmanager
def _filled(spot: Spot) -> Iterator[int]:
    """Open the existing file in place: it has hard links, or this user may write nothing else."""
    descriptor = os.open(spot.name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=spot.directory)
    try:
        spot.refuse_other(descriptor)
        os.ftruncate(descriptor, 0)
        yield descriptor
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(directory: int) -> None:
    """Make the new name durable, if the directory can be opened."""
    with suppress(OSError):
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
