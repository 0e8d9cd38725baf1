"""Opens the directory of a salvage, or refuses it: nothing of somebody else's is written over, nothing beneath the root."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import DecodeError, Struct, json

from doctor.facts.engine.data_root import DataRoot
from doctor.host.base import Host
from doctor.host.data_root import DataRootHost
from doctor.model.errors import DoctorError, RefusedError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, is_beneath, join
from doctor.repair.holders import holder_of
from doctor.salvage.target import Target
from doctor.salvage.values import Outcome
from doctor.state.files import locked
from doctor.state.out import open_directory

MARKER = "doctor-salvage.json"
"""Says which data root a directory is a salvage of, and in the end what is in it."""

_LOCK = ".doctor-salvage.lock"
_HARMLESS = frozenset({_LOCK, f".part-{MARKER}", "lost+found"})
"""What may be in an empty directory: of a run that was killed before the marker had its name, and of a new file system."""

_OTHERS = 0o022
_MARKER_BYTES = 256 << 20


class Identity(Struct, frozen=True, kw_only=True):
    """Which data root a salvage is of.

    Attributes:
        path: its place on its host.
        engine: the engine's own id; before engine 24 the number of the directory's inode.
    """

    path: str
    engine: str


class Document(Struct, frozen=True, kw_only=True):
    """The marker: which data root it is a salvage of, and in the end what became of it."""

    root: Identity
    outcome: Outcome = Outcome()


def identity(host: Host, root: DataRoot) -> Identity:
    """Return which data root this is."""
    try:
        engine = host.read(join(root.resolved, "engine-id"), follow=False, limit_bytes=4096).decode("utf-8", "replace")
    except HostError:
        engine = ""
    if not engine.strip("\0 \n"):
        engine = f"inode {host.lstat(root.resolved, follow=False).inode}"
    return Identity(path=root.resolved, engine=engine.strip())


def held_by(host: Host, root: DataRoot) -> str:
    """Return who uses the data root, in words, "" for nobody."""
    return holder_of(host.root, "/" if isinstance(host, DataRootHost) else root.resolved)


def forbidden(host: Host, root: DataRoot) -> tuple[str, ...]:
    """Return the directories beneath which nothing may be written: the root examined, or the live data root."""
    if host.root != "/":
        return (os.path.realpath(host.root),)
    return tuple(os.path.realpath(path) for path in (root.resolved, *root.places.values()))


def check_place(path: str, tops: tuple[str, ...]) -> None:
    """Raise ``RefusedError`` where a path lies beneath one of the directories that must stay as they are."""
    real = HostPath(os.path.realpath(path))
    for top in tops:
        if is_beneath(real, top):
            raise RefusedError(
                "it lies in what is salvaged, where nothing is written",
                where=path,
                do="choose a directory on another disk",
            )


@contextmanager
def opened(path: str, root: Identity, *, is_shared: bool, level: int) -> Iterator[tuple[Target, Outcome]]:
    """Open a directory as the target, alone; with it comes what an earlier salvage left there. It is made where there is none.

    Raises ``RefusedError`` for a directory that holds something else, or that others than its owner can write to.
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
                "it is not empty, and no salvage of this data root",
                where=path,
                do="choose an empty directory, or the one of an earlier salvage to go on with it",
            )
        with locked(os.path.join(real, _LOCK), purpose="start the salvage again"):
            target = Target(real, descriptor, is_shared=is_shared, level=level)
            if found_document is None:
                found_document = Document(root=root)
                target.put(MARKER, json.encode(found_document))
            target.resume()
            yield target, found_document.outcome
    finally:
        os.close(descriptor)


def _document(descriptor: int) -> Document | None:
    """Return the marker of a directory, ``None`` where there is none that can be read."""
    try:
        marker = os.open(MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=descriptor)
        with open(marker, "rb") as stream:
            return json.decode(stream.read(_MARKER_BYTES), type=Document)
    except (OSError, DecodeError):
        return None
