"""Finds a container's changes if its driver keeps a full copy of the files: vfs, btrfs, zfs and devicemapper.

Two directories are compared as Docker compares them for such drivers (moby pkg/archive/changes.go): type, mode, owner, device,
size and time of a file, and its attributes. A name that exists only in the lower directory becomes a whiteout.
"""

from collections.abc import Iterator

from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.model.view import Stat
from doctor.salvage.tree import MAX_DEPTH, TreeTar

_LABELS = frozenset({"security.selinux"})
"""Docker relabels a container's files when it mounts them: that is not a change by the container."""

_Both = tuple[str, HostPath | None, HostPath | None]


class DifferenceTar(TreeTar):
    """The tar of the differences of one directory from another.

    Args:
        host: holds both directories.
        top: the container's directory.
        below: the directory it started from.
    """

    def __init__(self, host: Host, top: HostPath, below: HostPath) -> None:
        super().__init__(host, top, is_layer=False)
        self.below = below

    def walk(self) -> Iterator[tuple[str, HostPath | None]]:
        """Yield changes, each after its parent directories; a name without a path was removed."""
        yield "", self.top
        # Parent directories that were not yielded yet.
        waiting: list[tuple[str, HostPath] | None] = [None]
        pending = [iter(self._both("", self.top, self.below))]
        while pending:
            found = next(pending[-1], None)
            if found is None:
                pending.pop()
                waiting.pop()
                continue
            name, path, old = found
            new = None if path is None else self._stat(path)
            before = None if old is None else self._stat(old)
            changed = path is None or new is None or before is None or self._differs(new, before, path, old)
            if changed:
                yield from (one for one in waiting if one is not None)
                waiting = [None] * len(waiting)
                yield name, path
            if path is not None and new is not None and new.kind == "d" and len(pending) < MAX_DEPTH:
                below = old if before is not None and before.kind == "d" else None
                pending.append(iter(self._both(f"{name}/", path, below)))
                waiting.append(None if changed else (name, path))

    def _both(self, prefix: str, path: HostPath, old: HostPath | None) -> list[_Both]:
        """Return the names in either directory with their places, sorted."""
        new = {name for name, _, _ in self.names(prefix, path)}
        before = set() if old is None else {name for name, _, _ in self.names(prefix, old)}
        return [
            (
                name,
                join(path, name[len(prefix) :]) if name in new else None,
                join(old, name[len(prefix) :]) if old is not None and name in before else None,
            )
            for name in sorted(new | before)
        ]

    def _stat(self, path: HostPath) -> Stat | None:
        try:
            return self.host.lstat(path, follow=False)
        except HostError:
            return None

    def _differs(self, new: Stat, old: Stat, path: HostPath, below: HostPath | None) -> bool:
        if (new.kind, new.mode, new.uid, new.gid) != (old.kind, old.mode, old.uid, old.gid):
            return True
        if new.kind in {"c", "b"} and new.rdev != old.rdev:
            return True
        # A directory's time and size change with its names, which are compared separately.
        if new.kind != "d" and (new.size != old.size or not _same_time(new.mtime_ns, old.mtime_ns)):
            return True
        return below is not None and self._attributes(path) != self._attributes(below)

    def _attributes(self, path: HostPath) -> dict[str, bytes]:
        try:
            found = self.host.xattrs(path)
        except HostError:
            return {}
        return {key: value for key, value in found.items() if key not in _LABELS}


def _same_time(one: int, other: int) -> bool:
    """Whether two times are equal; to the second if one has no fraction (moby sameFsTime).

    >>> _same_time(5_000_000_000, 5_123_456_789), _same_time(5_000_000_001, 5_123_456_789)
    (True, False)
    """
    if not one % 1_000_000_000 or not other % 1_000_000_000:
        return one // 1_000_000_000 == other // 1_000_000_000
    return one == other
