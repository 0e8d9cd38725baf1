"""Durable writes: content is synced before the rename, directories after it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from doctor.model.errors import DoctorError, RefusedError
from doctor.state.trust import refuse_weak


@contextmanager
def named(path: str) -> Iterator[None]:
    """Add the file name to an ``OSError`` of a descriptor: the message must show which disk is full or broken."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), path) from error
        raise


def ensure_dir(path: str) -> None:
    """Create the directory ``path`` and missing parents, accessible by the owner only. Raises ``DoctorError``.

    An existing directory keeps its mode. Raises ``RefusedError`` if other users can write to it: its files later decide
    what root does.
    """
    refuse_weak(path, "the directory of doctor's own files")
    try:
        _make(path)
    except OSError as error:
        raise DoctorError(
            f"can't create the directory: {error.strerror}",
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
        # Another doctor created it first, or it is a file.
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
    """Replace ``path`` by a file with this content: readers see the old or the new content, never a mix.

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
    """Create a new file exclusively: in a shared directory its name can be guessed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, mode)
    except FileExistsError:
        # Left by a killed doctor with the same process id.
        os.unlink(path)
        return os.open(path, flags, mode)


def append(path: str, line: bytes, *, is_synced: bool = True) -> None:
    """Append one line and sync the file; a missing file is created.

    A line that does not fit (a full disk) is removed completely, and a line truncated by a crash is cut off: later
    lines must not be joined to it. Raises ``OSError``.
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
    """Cut off everything after the last line break and return the remaining size."""
    size = os.fstat(descriptor).st_size
    if not size or os.pread(descriptor, 1, size - 1) == b"\n":
        return size
    whole = os.pread(descriptor, size, 0).rfind(b"\n") + 1
    os.ftruncate(descriptor, whole)
    return whole


def lock_holder(path: str) -> str:
    """Return the lock holder of a file as its pid or "?", "" if it is not locked."""
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
    """Hold an exclusive lock on a file within a ``with`` block. Raises ``RefusedError`` if another doctor holds it.

    The kernel releases the lock when the process ends.
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
        # The pid is informative only; on a full disk it is missing.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
