"""Keeps metadata backups in doctor's own directory: durable before they count, bounded in number, age and size.

A content is synced before its name appears, and all contents before the list that names them; so an interrupted backup
leaves only contents without a list, which the next one removes. Lists and contents of older backups are only ever
deleted.
"""

import os
import time
from collections.abc import Iterator
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.errors import DoctorError, FormatError
from doctor.model.root_identity import RootIdentity
from doctor.state.clock import DAY_S, believable
from doctor.state.files import atomic_write, ensure_dir, sync_dir
from doctor.state.metadata import (
    BLOBS,
    CONFIRMED,
    DIRECTORY,
    NUMBER_DIGITS,
    SUFFIX,
    BackupGeneration,
    Confirmed,
    MetadataFile,
    decode,
    encode,
    is_generation,
    number_of,
    pack,
    unpack,
)
from doctor.state.paths import state_dir
from doctor.state.settings import KeepMetadata

_MIB = 1 << 20
_SPARE_BYTES = 64 << 20
"""Free space that a backup leaves on its file system."""


class Listed(Struct, frozen=True, kw_only=True):
    """A backup and the file that lists it."""

    name: str
    generation: BackupGeneration


class MetadataStore:
    """The backups in ``name``, a directory of doctor's state directory. Methods raise ``OSError`` on disk errors."""

    def __init__(self, directory: str | None = None, name: str = DIRECTORY) -> None:
        self.path = os.path.join(state_dir() if directory is None else directory, name)
        self.blobs = os.path.join(self.path, BLOBS)
        self._new: dict[str, str] = {}

    def prepare(self) -> None:
        """Create the directories, accessible by root only. Raises ``DoctorError``."""
        ensure_dir(self.blobs)

    def newest(self) -> Iterator[Listed]:
        """Yield the backups that can be read, newest first."""
        for name in self._names():
            try:
                with open(os.path.join(self.path, name), "rb") as stream:
                    yield Listed(name=name, generation=decode(stream.read(), BackupGeneration))
            except (OSError, FormatError):
                continue

    def put(self, content: bytes) -> str:
        """Store a content and return its hash; it becomes part of a backup at ``commit``. An existing content is not
        rewritten.
        """
        digest = sha256(content).hexdigest()
        if digest in self._new or self._holds(digest):
            return digest
        blob = pack(content)
        self._check_space(len(blob))
        temporary = os.path.join(self.blobs, f".{digest}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb") as stream:
            stream.write(blob)
            stream.flush()
            # Written back while the next one is read, so that the syncs of ``commit`` hardly wait.
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self._new[digest] = temporary
        return digest

    def commit(self, generation: BackupGeneration, keep: KeepMetadata) -> None:
        """Make a backup durable, then drop those beyond the limits of the settings."""
        for temporary in self._new.values():
            descriptor = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        for digest, temporary in self._new.items():
            os.rename(temporary, os.path.join(self.blobs, digest))
        self._new.clear()
        sync_dir(self.blobs)
        number = max(map(number_of, self._names()), default=0) + 1
        generation = replace(generation, number=number, elapsed=self._elapsed(generation.taken))
        name = f"{number:0{NUMBER_DIGITS}}-{_stamp(generation.taken)}{SUFFIX}"
        atomic_write(os.path.join(self.path, name), encode(generation))
        self.confirm(name, generation.taken, generation.identity)
        self._prune(name, generation, keep)

    def confirm(self, name: str, when: float, identity: RootIdentity) -> None:
        """Record that a backup still matches the data root."""
        confirmed = Confirmed(
            generation=name,
            when=when,
            elapsed=self._elapsed(when),
            path=identity.path,
            engine_id=identity.engine_id,
        )
        atomic_write(os.path.join(self.path, CONFIRMED), encode(confirmed))

    def last_look(self) -> tuple[float, float] | None:
        """Return (when, elapsed) of the last healthy scan, ``None`` before the first."""
        try:
            with open(os.path.join(self.path, CONFIRMED), "rb") as stream:
                found = decode(stream.read(), Confirmed)
                return found.when, found.elapsed
        except (OSError, FormatError):
            pass
        newest = next(self.newest(), None)
        return None if newest is None else (newest.generation.taken, newest.generation.elapsed)

    def _elapsed(self, now: float) -> float:
        before = self.last_look()
        return 0.0 if before is None else before[1] + believable(now - before[0])

    def sizes(self, digests: set[str]) -> dict[str, int]:
        """Return the bytes on disk of kept and new contents."""
        found = {}
        for digest in digests:
            try:
                found[digest] = os.stat(self._new.get(digest) or os.path.join(self.blobs, digest)).st_size
            except OSError:
                continue
        return found

    def _holds(self, digest: str) -> bool:
        """Whether a content exists and is intact: a corrupt one is rewritten."""
        try:
            with open(os.path.join(self.blobs, digest), "rb") as stream:
                unpack(stream.read(), digest)
        except (OSError, FormatError):
            return False
        return True

    def _check_space(self, size: int) -> None:
        found = os.statvfs(self.path)
        if found.f_bavail * found.f_frsize < size + _SPARE_BYTES:
            raise DoctorError(
                "not enough free space for it", where=self.path, do="free some, or set metadata.keep = false"
            )

    def _names(self) -> list[str]:
        try:
            return sorted(filter(is_generation, os.listdir(self.path)), reverse=True)
        except FileNotFoundError:
            return []

    def _prune(self, name: str, newest: BackupGeneration, keep: KeepMetadata) -> None:
        """Remove backups beyond the limits, then contents that no other backup names."""
        kept = [Listed(name=name, generation=newest)]
        for listed in self.newest():
            if listed.name == name:
                continue
            if len(kept) < keep.generations and _is_wanted(listed.generation, kept, keep):
                kept.append(listed)
            else:
                os.unlink(os.path.join(self.path, listed.name))
        while self._sweep(kept) > keep.max_mib * _MIB and len(kept) > 1:
            os.unlink(os.path.join(self.path, kept.pop().name))

    def _sweep(self, kept: list[Listed]) -> int:
        """Remove the contents that none of these backups names; return the bytes of the others."""
        wanted = {entry.digest for listed in kept for entry in listed.generation.files.values()}
        total = 0
        with os.scandir(self.blobs) as entries:
            for entry in entries:
                if entry.name in wanted:
                    total += entry.stat(follow_symlinks=False).st_size
                else:
                    os.unlink(entry.path)
        return total


def _is_wanted(older: BackupGeneration, kept: list[Listed], keep: KeepMetadata) -> bool:
    """Whether an older backup is kept: the one before the newest, then the last of each day, until it is too old.

    The newest may contain undetected damage; one from the day before helps then. The newest of another data root is
    kept until it is too old. Days are counted from scan to scan, so that a clock jump prunes nothing.
    """
    if kept[0].generation.elapsed - older.elapsed > keep.days * DAY_S:
        return False
    mine = [listed.generation for listed in kept if listed.generation.identity.path == older.identity.path]
    return len(mine) < 2 or _day(mine[-1]) != _day(older)


def _day(generation: BackupGeneration) -> tuple[int, int]:
    """Return the day of a backup, by the clock and by counted days: a clock jump does not merge two days."""
    return int(generation.taken // DAY_S), int(generation.elapsed // DAY_S)


def _stamp(taken: float) -> str:
    try:
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(taken))
    except (ValueError, OverflowError, OSError):
        return "00000000T000000Z"


def within(
    files: dict[str, MetadataFile], sizes: dict[str, int], keep: KeepMetadata
) -> tuple[dict[str, MetadataFile], int]:
    """Return the files within the limit, dropping the last ones first, and the number of dropped files."""
    left, total, out = {}, 0, 0
    counted: set[str] = set()
    for path, entry in files.items():
        size = 0 if entry.digest in counted else sizes.get(entry.digest, 0)
        if total + size > keep.max_mib * _MIB:
            left[path] = MetadataFile(entry.size, entry.mtime_ns, entry.inode, entry.mode, entry.uid, entry.gid, "")
            out += 1
            continue
        total += size
        counted.add(entry.digest)
        left[path] = entry
    return left, out
