"""Finds the metadata backups of one data root and reads them; only content with a valid checksum is used."""

import stat
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from msgspec import Struct

from doctor.collect.backup.root_identity import RootComparer
from doctor.facts.engine.data_root import DataRoot
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join
from doctor.model.root_identity import Likeness, RootIdentity
from doctor.state.clock import age, is_after
from doctor.state.metadata import (
    BLOBS,
    CONFIRMED,
    DIRECTORY,
    MAX_FILE_BYTES,
    BackupGeneration,
    Confirmed,
    MetadataFile,
    decode,
    is_generation,
    unpack,
)
from doctor.state.network_record import MAX_BYTES
from doctor.state.paths import STATE_DIR, state_dir
from doctor.state.trust import Look, is_open, weakness

T = TypeVar("T")

_LIST_BYTES = 256 << 20


class RootBackup(Struct, frozen=True, kw_only=True):
    """One backup of this data root: its path, its list, and when a scan last confirmed it."""

    top: HostPath
    generation: BackupGeneration
    age: str


class RootBackups:
    """All backups of one data root, newest first: those in ``directory`` whose identity ``likeness`` finds to be the same.

    ``directory`` is ``Engine.backups``, ``likeness`` that of the engine's ``Root``. A mounted disk has its own backups, in its own
    /var/lib/doctor. Raises ``HostError`` (absent) without a backup.
    """

    def __init__(
        self, host: Host, path: HostPath, likeness: Callable[[RootIdentity], Likeness], directory: str
    ) -> None:
        self.host = host
        self._likeness = likeness
        top = HostPath(state_dir() if host.root == "/" else STATE_DIR)
        self.top = join(host.resolve(top), directory)
        check_owner(host, self.top)
        self.items = tuple(self._all())
        if not self.items:
            raise HostError(Missing(Why.ABSENT, f"{self.top}: no backup of {path}"))

    def find(self, name: str, is_whole: Callable[[bytes], bool]) -> tuple[bytes, MetadataFile, RootBackup] | None:
        """Return a file of the newest backup with a valid copy; ``name`` is its path relative to the data root."""
        seen: set[str] = set()
        for backup in self.items:
            entry = backup.generation.files.get(name)
            if entry is None or not entry.digest or entry.digest in seen:
                continue
            seen.add(entry.digest)
            path = join(self.top, BLOBS, entry.digest)
            try:
                content = unpack(_own(self.host, path, MAX_FILE_BYTES), entry.digest)
            except (HostError, FormatError):
                continue
            if is_whole(content):
                return content, entry, backup
        return None

    def _all(self) -> Iterator[RootBackup]:
        confirmed = self._listing(CONFIRMED, Confirmed)
        now = self.host.now()
        for name in reversed(self.host.listdir(self.top, follow=False)):
            found = self._listing(name, BackupGeneration) if is_generation(name) else None
            if found is None or not self._likeness(found.identity).is_same:
                continue
            seen = confirmed.when if confirmed is not None and confirmed.generation == name else found.taken
            # A scan under a wrong clock confirmed it: the time when it was taken is still right.
            when = found.taken if is_after(seen, now) else seen
            yield RootBackup(top=self.top, generation=found, age=age(when, now))

    def _listing(self, name: str, kind: type[T]) -> T | None:
        try:
            return decode(_own(self.host, join(self.top, name), _LIST_BYTES), kind)
        except (HostError, FormatError):
            return None


class Backups(RootBackups):
    """All backups of Docker's data root."""

    def __init__(self, host: Host, root: DataRoot) -> None:
        self.root = root
        self._comparer: RootComparer | None = None
        super().__init__(host, root.resolved, self._compared, DIRECTORY)

    def _compared(self, recorded: RootIdentity) -> Likeness:
        # The root is read only if there is something to compare it with.
        self._comparer = self._comparer or RootComparer(self.host, self.root)
        return self._comparer.likeness(recorded)


def newest_at(host: Host, root: DataRoot) -> RootBackup | None:
    """Return the newest backup of any data root that was at this root's path."""
    top = join(host.resolve(HostPath(state_dir() if host.root == "/" else STATE_DIR)), DIRECTORY)
    check_owner(host, top)
    for name in reversed(host.listdir(top, follow=False)):
        try:
            raw = _own(host, join(top, name), _LIST_BYTES) if is_generation(name) else b""
            found = decode(raw, BackupGeneration) if raw else None
        except (HostError, FormatError):
            continue
        if found is not None and found.identity.path == root.resolved:
            return RootBackup(top=top, generation=found, age=age(found.taken, host.now()))
    return None


def backed_up_paths(host: Host) -> tuple[str, ...]:
    """Return the paths of all data roots that have a metadata backup, newest first."""
    top = join(host.resolve(HostPath(state_dir() if host.root == "/" else STATE_DIR)), DIRECTORY)
    found: dict[str, None] = {}
    try:
        check_owner(host, top)
        for name in reversed(host.listdir(top, follow=False)):
            raw = _own(host, join(top, name), _LIST_BYTES) if is_generation(name) else b""
            found |= {decode(raw, BackupGeneration).identity.path: None} if raw else {}
    except (HostError, FormatError):
        pass
    return tuple(path for path in found if path.startswith("/"))


def check_owner(host: Host, top: HostPath) -> None:
    """Check that only root can write to a directory, as its content is used by root. Raises ``HostError`` (absent)."""
    if host.lstat(top, follow=False).kind != "d":
        raise HostError(Missing(Why.ABSENT, f"{top}: not a directory"))
    weak = weakness(top, None if host.root == "/" else partial(_look, host))
    if weak is not None:
        raise HostError(Missing(Why.ABSENT, f"{top}: users other than root can write there, so it is not used: {weak}"))


def _own(host: Host, path: HostPath, limit_bytes: int) -> bytes:
    """Return a file of a directory that passed ``check_owner``; raises ``HostError`` if others can write the file itself."""
    found = _look(host, path)
    if found is not None and is_open(found):
        raise HostError(Missing(Why.ABSENT, f"{path}: users other than root can write it, so it is not used"))
    return host.read(path, follow=False, limit_bytes=limit_bytes)


def _look(host: Host, path: str) -> Look | None:
    """Return metadata of a path on a mounted disk, including its parent directories."""
    try:
        found = host.lstat(HostPath(path), follow=False)
        target = host.readlink(HostPath(path), follow=False) if found.kind == "l" else ""
    except HostError:
        return None
    kind = {"d": stat.S_IFDIR, "l": stat.S_IFLNK}.get(found.kind, stat.S_IFREG)
    return Look(kind | found.mode, found.uid, found.gid, target)


def healthy_record(host: Host, name: str, kind: type[T]) -> tuple[HostPath, T]:
    """Return path and content of a small file about the kernel's state that a healthy scan wrote.

    Raises ``HostError``: absent without one, or if users other than root could have changed it.
    """
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "rules and routes exist only in the kernel of a running host"))
    top = join(host.resolve(HostPath(state_dir() if host.root == "/" else STATE_DIR)), DIRECTORY)
    check_owner(host, top)
    path = join(top, name)
    try:
        return path, decode(host.read(path, follow=False, limit_bytes=MAX_BYTES), kind)
    except FormatError as error:
        raise HostError(Missing(Why.ABSENT, f"{path}: {error}")) from error


def recorded_engine_id(host: Host, root: DataRoot) -> str:
    """Return the engine's id from the last healthy scan of this data root, "" if unknown.

    It is one small file, so that each scan can compare. It proves nothing: use ``Backups`` for that.
    """
    top = HostPath(state_dir() if host.root == "/" else STATE_DIR)
    try:
        found = decode(_own(host, join(host.resolve(top), DIRECTORY, CONFIRMED), 4096), Confirmed)
    except (HostError, FormatError):
        return ""
    return found.engine_id if found.path == root.resolved else ""
