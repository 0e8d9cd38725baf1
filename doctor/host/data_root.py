"""A data root without its host: a disk that only held /var/lib/docker, a copy, a backup."""

import errno
import os

from doctor.host.recorded import RootHost
from doctor.model.errors import UsageError
from doctor.model.paths import HostPath, is_beneath

PLACE = HostPath("/var/lib/docker")
"""Path of the directory on this host: the engine's default."""

_MARKS = frozenset({"image", "containerd", "volumes", "containers", "engine-id"})
_LIKELY = ("docker", "var/lib/docker", "lib/docker")


class DataRootHost(RootHost):
    """A host that has only its data root ``directory``. Raises ``UsageError`` if that is not a data root."""

    def __init__(self, directory: str) -> None:
        super().__init__(_checked(directory))

    def _open(self, path: HostPath, flags: int, *, follow: bool) -> int:
        if not is_beneath(path, PLACE):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return super()._open(HostPath(path[len(PLACE) :] or "/"), flags, follow=follow)

    def _at_parent(self, path: HostPath, *, follow: bool) -> tuple[int, str]:
        if path.rstrip("/") == PLACE:
            return self._open(PLACE, os.O_PATH | os.O_DIRECTORY, follow=follow), "."
        return super()._at_parent(path, follow=follow)


def _checked(directory: str) -> str:
    """Return a data root's directory. Raises ``UsageError`` that suggests a likely one."""
    if not os.path.isdir(directory):
        raise UsageError(
            "--data-root is not a directory", where=directory, do="name the engine's directory on the disk"
        )
    names = set(os.listdir(directory))
    if names & _MARKS:
        return directory
    # An engine with userns-remap works in a directory named after the mapped ids.
    inside = [*_LIKELY, *(name for name in sorted(names) if name.replace(".", "").isdigit())]
    meant = next((path for name in inside if _is_one(path := os.path.join(directory, name))), "")
    raise UsageError(
        "not a data root: it has no directory image, containerd, volumes or containers",
        where=directory,
        do=f"name {meant}" if meant else "name the directory that was /var/lib/docker",
    )


def _is_one(path: str) -> bool:
    try:
        return bool(set(os.listdir(path)) & _MARKS)
    except OSError:
        return False
