"""A data root without its host: a disk that held only the data root, a copy, a backup."""

import errno
import os
from collections.abc import Sequence
from typing import Protocol

from doctor.host.recorded import RootHost
from doctor.model.errors import UsageError
from doctor.model.paths import HostPath, is_beneath


class Layout(Protocol):
    """How the data root of an engine is recognised, and where that engine usually has it."""

    default_root: HostPath
    marks: frozenset[str]
    likely: tuple[str, ...]


class DataRootHost(RootHost):
    """A host that has only a data root ``directory``, at the usual path of its engine.

    Raises ``UsageError`` if it is not a data root of any of these layouts.
    """

    def __init__(self, directory: str, layouts: Sequence[Layout]) -> None:
        self._place = _recognised(directory, layouts).default_root
        super().__init__(directory)

    def _open(self, path: HostPath, flags: int, *, follow: bool) -> int:
        if not is_beneath(path, self._place):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return super()._open(HostPath(path[len(self._place) :] or "/"), flags, follow=follow)

    def _at_parent(self, path: HostPath, *, follow: bool) -> tuple[int, str]:
        if path.rstrip("/") == self._place:
            return self._open(self._place, os.O_PATH | os.O_DIRECTORY, follow=follow), "."
        return super()._at_parent(path, follow=follow)


def _recognised(directory: str, layouts: Sequence[Layout]) -> Layout:
    """Return the layout of a data root. Raises ``UsageError`` that suggests a likely directory."""
    if not os.path.isdir(directory):
        raise UsageError(
            "--data-root is not a directory", where=directory, do="name the engine's directory on the disk"
        )
    # Engines share names ("volumes"): the one with the most marks counts, of several the first.
    found = max(layouts, key=lambda one: _marks(directory, one))
    likely = [(_marks(path := os.path.join(directory, name), one), path) for one in layouts for name in one.likely]
    most, meant = max(likely, default=(0, ""), key=lambda item: item[0])
    # A directory above a data root may have a name of a mark: /var/lib/containers.
    if _marks(directory, found) >= max(most, 1):
        return found
    if not most:
        # An engine with userns-remap works in a directory named after the mapped ids.
        remapped = [name for name in sorted(os.listdir(directory)) if name.replace(".", "").isdigit()]
        places = (os.path.join(directory, name) for name in remapped)
        meant = next((path for path in places if any(_marks(path, one) for one in layouts)), "")
    marks = sorted({name for one in layouts for name in one.marks})
    raise UsageError(
        f"not a data root: it has none of {', '.join(marks)}"
        if not most
        else "not a data root, but a directory above one",
        where=directory,
        do=f"name {meant}" if meant else f"name the directory that was {layouts[0].default_root}",
    )


def _marks(path: str, layout: Layout) -> int:
    """Return how many of the marks a directory has."""
    try:
        return len(layout.marks & set(os.listdir(path)))
    except OSError:
        return 0
