"""The live machine, with a list of every path that was examined."""

import os
from collections.abc import Iterable

from doctor.host.listings import Listings
from doctor.host.live import LiveHost
from doctor.model.missing import HostError
from doctor.model.paths import HostPath


class WatchedHost(LiveHost):
    """A live host that records each path it is asked about, and each file read in an open directory.

    Attributes:
        seen: the paths, some more than once.
        followed: paths among them where a link was followed.
        listings: of directories of small files, now and at an earlier check; unchanged ones are not read again.
    """

    def __init__(self, listings: Listings | None = None) -> None:
        super().__init__()
        self.listings = Listings() if listings is None else listings
        self._seen: list[str] = []
        self.seen = self._seen
        self.followed: list[str] = []

    def _open(self, path: HostPath, flags: int, *, follow: bool) -> int:
        self._seen.append(path)
        if follow:
            self.followed.append(path)
        return super()._open(path, flags, follow=follow)

    def _at_parent(self, path: HostPath, *, follow: bool) -> tuple[int, str]:
        self._seen.append(path)
        known, led = len(self._seen), len(self.followed)
        try:
            return super()._at_parent(path, follow=follow)
        finally:
            # The directory is opened for this name only: its other entries do not matter.
            del self._seen[known:], self.followed[led:]

    def readlink(self, path: HostPath, *, follow: bool = True) -> str:
        """Return a link's target. A path that is not a link, such as a parent directory, is covered by the paths
        beneath it.
        """
        known = len(self._seen)
        try:
            return super().readlink(path, follow=follow)
        except HostError:
            del self._seen[known:]
            raise

    def held(self, path: HostPath, names: Iterable[str] = (".",)) -> dict[str, int]:
        """Return the immutable or append-only entries. A change of these flags changes the entry's ctime."""
        asked = tuple(names)
        self._seen.extend(os.path.join(path, name) for name in asked if name != ".")
        return super().held(path, asked)
