"""A directory with many small files that are read in a row: its path is resolved once, not once for each file.

A data root has ten thousand of them. If the host is a plain directory, files are opened by name relative to an open
descriptor, never through a link. A prediction, a bundle or a case is read path by path, with the same results.
"""

import os
import stat as st
from types import TracebackType
from typing import Self

from doctor.host.base import Host
from doctor.host.files import RootedFiles, failed, kind_of
from doctor.host.listings import Listings
from doctor.host.noted import in_whole
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_FIRST_BYTES = 4096
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """An open directory; close it, or use it in a ``with``. Every method raises ``HostError`` with the whole path."""

    def __init__(self, host: Host, path: HostPath, descriptor: int = -1) -> None:
        self._host = host
        self.path = path
        self._descriptor = descriptor
        self._noatime = os.O_NOATIME if os.geteuid() == 0 else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def at(self, name: str) -> HostPath:
        """Return the full path of a name in it."""
        return HostPath(f"{self.path}/{name}")

    def folder(self, name: str) -> "Folder":
        """Open a directory in it."""
        path = self.at(name)
        if self._descriptor < 0:
            return Folder(self._host, path)
        return Folder(self._host, path, self._open(name, _DIRECTORY))

    def entries(self) -> dict[str, str]:
        """Return the kind letter of each name, sorted by name."""
        if self._descriptor < 0:
            return dict(sorted(self._host.scandir(self.path, follow=False)))
        try:
            with os.scandir(self._descriptor) as found:
                return dict(sorted([(entry.name, kind_of(entry)) for entry in found]))
        except OSError as error:
            raise failed(error, self.path) from error

    def read(self, name: str, *, limit_bytes: int) -> bytes:
        """Return a regular file's content; a file above the limit is refused."""
        if self._descriptor < 0:
            return self._host.read(self.at(name), follow=False, limit_bytes=limit_bytes)
        descriptor = self._open(name, _FILE)
        try:
            found = os.fstat(descriptor)
            # Anything but a small regular file is left to the general reader, which knows how to refuse it.
            if st.S_ISREG(found.st_mode) and found.st_size < _FIRST_BYTES:
                data = os.read(descriptor, _FIRST_BYTES)
                if len(data) == found.st_size:
                    return data
        except OSError as error:
            raise failed(error, self.at(name)) from error
        finally:
            os.close(descriptor)
        return self._host.read(self.at(name), follow=False, limit_bytes=limit_bytes)

    def open(self, name: str) -> int:
        """Open a regular file for reading; the caller closes it."""
        if self._descriptor < 0:
            return self._host.open_fd(self.at(name), follow=False)
        descriptor = self._open(name, _FILE)
        if not st.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise HostError(Missing.undecodable(self.at(name), "not a regular file"))
        return descriptor

    def file_size(self, name: str) -> int:
        """Return the size of a regular file, -1 for anything else."""
        if self._descriptor < 0:
            found = self._host.lstat(self.at(name), follow=False)
            return found.size if found.kind == "f" else -1
        try:
            status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except OSError as error:
            raise failed(error, self.at(name)) from error
        return status.st_size if st.S_ISREG(status.st_mode) else -1

    def readlink(self, name: str) -> str:
        """Return a symbolic link's target."""
        if self._descriptor < 0:
            return self._host.readlink(self.at(name), follow=False)
        try:
            return os.readlink(name, dir_fd=self._descriptor)
        except OSError as error:
            raise failed(error, self.at(name)) from error

    def _open(self, name: str, flags: int) -> int:
        if "/" in name or name in {"", ".", ".."}:
            raise HostError(Missing(Why.ABSENT, f"{self.at(name)}: not a file name"))
        try:
            return os.open(name, flags | self._noatime, dir_fd=self._descriptor)
        except PermissionError as error:
            if not self._noatime:
                raise failed(error, self.at(name)) from error
        except OSError as error:
            raise failed(error, self.at(name)) from error
        # Root of a user namespace can't use O_NOATIME on files of other users.
        self._noatime = 0
        return self._open(name, flags)


class _SeenFolder(Folder):
    """A directory of a host that records examined paths and may have listings from an earlier run.

    A directory with a cached listing is not opened: anything the cache lacks is read by path.
    """

    def __init__(self, host: Host, path: HostPath, descriptor: int, seen: list[str], listings: Listings) -> None:
        super().__init__(host, path, descriptor)
        self._seen = seen
        self._listings = listings
        self._known, self._now = listings.of(path)

    def folder(self, name: str) -> Folder:
        path = self.at(name)
        known = self._listings.known.get(path)
        if known is not None and known.entries is not None:
            self._seen.append(path)
            descriptor = -1
        elif self._descriptor < 0:
            return open_folder(self._host, path)
        else:
            descriptor = self._open(name, _DIRECTORY)
        return _SeenFolder(self._host, path, descriptor, self._seen, self._listings)

    def entries(self) -> dict[str, str]:
        found = self._known.entries
        self._now.entries = super().entries() if found is None else found
        return dict(self._now.entries)

    def read(self, name: str, *, limit_bytes: int) -> bytes:
        found = self._known.files.get(name)
        if found is None or len(found) > limit_bytes:
            found = super().read(name, limit_bytes=limit_bytes)
        else:
            self._seen.append(self.at(name))
        if len(found) < _FIRST_BYTES:
            self._now.files[name] = found
        return found

    def file_size(self, name: str) -> int:
        self._seen.append(self.at(name))
        found = self._known.sizes.get(name)
        self._now.sizes[name] = size = super().file_size(name) if found is None else found
        return size

    def readlink(self, name: str) -> str:
        self._seen.append(self.at(name))
        found = self._known.links.get(name)
        self._now.links[name] = target = super().readlink(name) if found is None else found
        return target

    def _open(self, name: str, flags: int) -> int:
        self._seen.append(self.at(name))
        return super()._open(name, flags)


def open_folder(host: Host, path: HostPath) -> Folder:
    """Open the directory at ``path``, no component followed. Raises ``HostError``."""
    host = in_whole(host, path)
    if isinstance(host, RootedFiles) and not host.refuses:
        descriptor = host.open_directory(path)
        if host.seen is None:
            return Folder(host, path, descriptor)
        return _SeenFolder(host, path, descriptor, host.seen, host.listings)
    return Folder(host, path)
