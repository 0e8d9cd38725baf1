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
    names = set(os.listdir(directory))
    found = next((one for one in layouts if names & one.marks), None)
    if found is not None:
        return found
    # An engine with userns-remap works in a directory named after the mapped ids.
    remapped = [name for name in sorted(names) if name.replace(".", "").isdigit()]
    inside = [(one, name) for one in layouts for name in (*one.likely, *remapped)]
    meant = next((path for one, name in inside if _is_one(path := os.path.join(directory, name), one)), "")
    usual = layouts[0].default_root
    raise UsageError(
        "not a data root: it has no directory image, containerd, volumes or containers",
        where=directory,
        do=f"name {meant}" if meant else f"name the directory that was {usual}",
    )


def _is_one(path: str, layout: Layout) -> bool:
    try:
        return bool(set(os.listdir(path)) & layout.marks)
    except OSError:
        return False
