"""Opens the directory of a salvage, or refuses it: no foreign file is overwritten, nothing is written beneath the
root.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec import DecodeError, Struct

from doctor.host.base import Host
from doctor.host.data_root import DataRootHost
from doctor.model.errors import DoctorError, RefusedError
from doctor.model.paths import HostPath, is_beneath
from doctor.repair.engine.holders import holder_of
from doctor.salvage.reader import SalvageRoot
from doctor.salvage.results import SalvageOutcome
from doctor.salvage.target import Target
from doctor.state import host_json
from doctor.state.files import locked
from doctor.state.out import open_directory

MARKER = "doctor-salvage.json"
"""Identifies the data root of a salvage, and at the end its contents."""

_LOCK = ".doctor-salvage.lock"
_HARMLESS = frozenset({_LOCK, f".part-{MARKER}", "lost+found"})
"""Names allowed in an empty directory: of a run killed before the marker was renamed, and of a new file system."""

_OTHERS = 0o022
_MARKER_BYTES = 256 << 20


class Document(Struct, frozen=True, kw_only=True):
    """The marker: the data root of the salvage, the file of ``--tar`` that is its own, and at the end its result."""

    root: SalvageRoot
    tar: str = ""
    outcome: SalvageOutcome = SalvageOutcome()


def held_by(host: Host, tops: Iterable[HostPath]) -> str:
    """Return a description of the process that uses one of the data roots, "" if they are unused."""
    places = ("/",) if isinstance(host, DataRootHost) else tops
    return next(filter(None, (holder_of(host.root, top) for top in places)), "")


def forbidden(host: Host, tops: Iterable[HostPath]) -> tuple[str, ...]:
    """Return the directories beneath which nothing may be written: the root examined, or the live data roots."""
    if host.root != "/":
        return (os.path.realpath(host.root),)
    return tuple(os.path.realpath(path) for path in tops)


def check_place(path: str, tops: tuple[str, ...]) -> None:
    """Raise ``RefusedError`` if a path is beneath one of the protected directories."""
    real = HostPath(os.path.realpath(path))
    for top in tops:
        if is_beneath(real, top):
            raise RefusedError(
                "it is inside the data to salvage, where nothing is written",
                where=path,
                do="choose a directory on another disk",
            )


@contextmanager
def opened(path: str, root: SalvageRoot, *, is_shared: bool, level: int) -> Iterator[tuple[Target, Document]]:
    """Open and lock a directory as the target; return it with the marker of an earlier salvage. A missing directory is
    created.

    Raises ``RefusedError`` if the directory holds something else or other users can write to it.
    """
    try:
        descriptor = open_directory(path, mode=0o755 if is_shared else 0o700)
        real = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError as error:
        raise DoctorError(f"can't open it: {error.strerror}", where=path, do="choose another --to DIR") from error
    try:
        found = os.fstat(descriptor)
        if found.st_uid not in {0, os.geteuid()} or found.st_mode & _OTHERS:
            raise RefusedError("others can write to this directory", where=path, do="choose one that is yours alone")
        names = set(os.listdir(descriptor)) - _HARMLESS
        found_document = _document(descriptor)
        if names and (found_document is None or found_document.root != root):
            raise RefusedError(
                "it is not empty and not a salvage of this data root",
                where=path,
                do="choose an empty directory, or an earlier salvage's to continue it",
            )
        with locked(os.path.join(real, _LOCK), purpose="restart the salvage"):
            target = Target(real, descriptor, is_shared=is_shared, level=level)
            if found_document is None:
                found_document = Document(root=root)
                target.put(MARKER, host_json.encode(found_document))
            target.resume()
            yield target, found_document
    finally:
        os.close(descriptor)


def _document(descriptor: int) -> Document | None:
    """Return the marker of a directory, ``None`` if there is no readable one."""
    try:
        marker = os.open(MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=descriptor)
        with open(marker, "rb") as stream:
            return host_json.decode(stream.read(_MARKER_BYTES), Document)
    except (OSError, DecodeError):
        return None
