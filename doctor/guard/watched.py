"""The live machine, with a list of all that was looked at."""

import os
from collections.abc import Iterable

from doctor.host.live import LiveHost
from doctor.host.told import Told
from doctor.model.missing import HostError
from doctor.model.paths import HostPath


class WatchedHost(LiveHost):
    """A live host that notes each path it is asked about, with that of each file read beneath an open directory.

    Attributes:
        seen: the paths, some more than once.
        followed: those of them where the target of a link was looked at.
        told: what directories of small files tell, and told at an earlier look: those are not read again.
    """

    def __init__(self, told: Told | None = None) -> None:
        super().__init__()
        self.told = Told() if told is None else told
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
            # The directory is opened for this one name only: what else changes in it is of no concern.
            del self._seen[known:], self.followed[led:]

    def readlink(self, path: HostPath, *, follow: bool = True) -> str:
        """Return a link's target. What is no link, as each directory on the way to a file, is known by what lies beneath it."""
        known = len(self._seen)
        try:
            return super().readlink(path, follow=follow)
        except HostError:
            del self._seen[known:]
            raise

    def held(self, path: HostPath, names: Iterable[str] = (".",)) -> dict[str, int]:
        """Return the entries that are immutable or append-only, as any host; a change of these flags shows in each one's ctime."""
        asked = tuple(names)
        self._seen.extend(os.path.join(path, name) for name in asked if name != ".")
        return super().held(path, asked)
