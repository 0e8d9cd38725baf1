"""Writing that survives a power cut: content synced before its name, names synced after."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from doctor.model.errors import DoctorError, RefusedError
from doctor.state.trust import refuse_weak


@contextmanager
def named(path: str) -> Iterator[None]:
    """Give an ``OSError`` of a descriptor the name of its file: who reads it must know which disk is full or broken."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), path) from error
        raise


def ensure_dir(path: str) -> None:
    """Make ``path`` a directory, and what is missing above it; only the owner can enter those. Raises ``DoctorError``.

    A directory that is there keeps its mode. Raises ``RefusedError`` for one in which others can write: what is read from it
    later decides what root does.
    """
    refuse_weak(path, "the directory of doctor's own files")
    try:
        _make(path)
    except OSError as error:
        raise DoctorError(
            f"can't make the directory: {error.strerror}",
            where=path,
            do="set DOCTOR_STATE_DIR to a place that can be written",
        ) from error


def _make(path: str) -> None:
    # os.makedirs gives its mode to the last component only.
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    if above != path:
        _make(above)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        # Another doctor was quicker, or a file stands there.
        if not os.path.isdir(path):
            raise


def sync_dir(path: str) -> None:
    """Make renames and new names in the directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def atomic_write(path: str, content: bytes, *, mode: int = 0o600) -> None:
    """Replace ``path`` by a file with this content: readers see the old or the new one, never half of it.

    A symbolic link at ``path`` is replaced, not followed.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = _open_new(temporary, mode)
    try:
        with named(path), open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_dir(os.path.dirname(path))


def _open_new(path: str, mode: int) -> int:
    """Open a file that nobody else has open or could have made: in a shared directory its name can be guessed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, mode)
    except FileExistsError:
        # A doctor with this process id was killed here once.
        os.unlink(path)
        return os.open(path, flags, mode)


def append(path: str, line: bytes, *, is_synced: bool = True) -> None:
    """Append one line, and sync it with all before it; the file is made if it is not there.

    A line that does not fit (a full disk) leaves no part of itself behind, and one that a crash tore is cut off: what is
    appended later must not run into it. Raises ``OSError``.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        size = _cut_torn_line(descriptor)
        try:
            with named(path):
                rest = memoryview(line + b"\n")
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                if is_synced:
                    os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _cut_torn_line(descriptor: int) -> int:
    """Cut off what stands behind the last line break and return the size that is left."""
    size = os.fstat(descriptor).st_size
    if not size or os.pread(descriptor, 1, size - 1) == b"\n":
        return size
    whole = os.pread(descriptor, size, 0).rfind(b"\n") + 1
    os.ftruncate(descriptor, whole)
    return whole


def lock_holder(path: str) -> str:
    """Return who holds the lock on a file, as its pid or "?", or "" where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        pid = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip()
        return pid if pid.isdigit() else "?"
    finally:
        os.close(descriptor)
    return ""


@contextmanager
def locked(path: str, *, purpose: str) -> Iterator[None]:
    """Hold an exclusive lock on a file for the length of a ``with``; raises ``RefusedError`` if another doctor has it.

    The kernel drops the lock when the process ends, however it ends.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip()
            by = f" (process {holder})" if holder.isdigit() else ""
            raise RefusedError(
                f"another doctor{by} is at work on this host", where=path, do=f"wait until it ends, then {purpose}"
            ) from None
        # Who holds it is only worth knowing; on a full disk nobody knows.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
