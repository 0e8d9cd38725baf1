"""The one way in which doctor writes outside of its own directory: a report, a unit, a completion, the tar of a salvage.

Somebody else may have been in that directory before. A link in a directory that others can write is not followed, a file
of a third person there is not filled, and a target that is replaced keeps its mode, owner and extended attributes.
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
# Links there name open files and not places (/dev/stdout).
_OPEN_FILES = re.compile(r"/proc/(?:self|thread-self|[0-9]+(?:/task/[0-9]+)?)/fd")
_IN_PLACE = frozenset({errno.EPERM, errno.EACCES, errno.EROFS})


class Spot:
    """An open directory and a name in it, with what stands there; the way to it was walked link by link.

    Attributes:
        directory: descriptor of the directory; it opens nothing but names in it.
        name: the last component, never a link unless ``is_open_file``.
        found: what stands there, ``None`` for nothing.
        is_open_file: whether the name is a link of /proc to a file that is open already.
    """

    def __init__(self, path: str, *, make: bool = False, mode: int = 0o755) -> None:
        """Walk to a path. With ``make`` missing directories on the way are made.

        Raises ``RefusedError`` for a link that others may have put there, ``OSError`` where the way ends.
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
        """Whether others than root and this user can make or rename files in the directory."""
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
                do="name the place where it leads, or another directory",
            )

    def refuse_foreign(self) -> None:
        """Raise ``RefusedError`` where a file stands there that a third person made to be filled."""
        if self.found is None or self.found.st_uid in {0, os.geteuid()}:
            return
        place = os.fstat(self.directory)
        is_theirs_alone = place.st_uid == self.found.st_uid and not place.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if self.is_open_to_others and not (is_theirs_alone and stat.S_ISREG(self.found.st_mode)):
            raise RefusedError(
                f"user {self.found.st_uid} made it, in a directory that others can write",
                where=self.path,
                do="choose another name or directory",
            )

    def refuse_other(self, descriptor: int) -> None:
        """Raise ``RefusedError`` where another file than the one that was judged has been opened by its name."""
        now = os.fstat(descriptor)
        if self.found is None or (now.st_dev, now.st_ino) != (self.found.st_dev, self.found.st_ino):
            raise RefusedError("somebody exchanged it just now", where=self.path, do="choose another directory")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def write_out(path: str, content: bytes, *, mode: int = 0o644, make: bool = False) -> None:
    """Write what a user asked for: atomically into a file, or into a pipe or device that stands there (/dev/stdout).

    A new file gets ``mode`` less the umask. Raises ``RefusedError`` and ``OSError``.
    """
    with replacing(path, mode=mode, make=make) as descriptor:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def open_directory(path: str, *, mode: int) -> int:
    """Return a descriptor of a directory to write in; it is made with ``mode``, and what is missing above it with 0755.

    Raises ``RefusedError`` for a link on the way that others may have put there, ``OSError`` where it can't be opened.
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
def replacing(path: str, *, mode: int = 0o644, make: bool = False) -> Iterator[int]:
    """Open what is written to a path; a file has its name, and the new content, once the block ended well."""
    spot = Spot(path, make=make)
    try:
        spot.refuse_foreign()
        if spot.found is not None and stat.S_ISDIR(spot.found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if spot.is_open_file or not (spot.found is None or stat.S_ISREG(spot.found.st_mode)):
            with _through(spot) as descriptor:
                yield descriptor
            return
        with _renamed(spot, mode) as descriptor:
            yield descriptor
    finally:
        spot.close()


@contextmanager
def _through(spot: Spot) -> Iterator[int]:
    """Open a pipe, a device, or a file that is open already."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(spot.name, flags | (0 if spot.is_open_file else os.O_NOFOLLOW), dir_fd=spot.directory)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _renamed(spot: Spot, mode: int) -> Iterator[int]:
    temporary = f".doctor-{os.getpid()}.tmp"
    try:
        descriptor = _new(temporary, mode, spot.directory)
        if spot.found is not None and not _takes_over(descriptor, spot):
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
    """Open a file that nobody else has open or could have made: in a shared directory its name can be guessed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(name, flags, mode, dir_fd=directory)
    except FileExistsError:
        # A doctor with this process id was killed here once.
        os.unlink(name, dir_fd=directory)
        return os.open(name, flags, mode, dir_fd=directory)


def _takes_over(descriptor: int, spot: Spot) -> bool:
    """Give a new file what the old one has besides content; return whether it can stand in its place."""
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
    """Open the file that stands there: it has other names, or is all that this user may write."""
    descriptor = os.open(spot.name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=spot.directory)
    try:
        spot.refuse_other(descriptor)
        os.ftruncate(descriptor, 0)
        yield descriptor
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(directory: int) -> None:
    """Make the new name durable, where the directory may be opened for that."""
    with suppress(OSError):
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
