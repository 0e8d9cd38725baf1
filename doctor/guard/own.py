"""The guard's own small files: only files that root alone can write are trusted, and a failed write leaves nothing."""

import os
import stat
from collections.abc import Iterable

from doctor.state.trust import weakness


def read(path: str) -> bytes:
    """Return a file of the guard. Raises ``OSError``, and ``ValueError`` if another user may have written it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb", buffering=0) as stream:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or weakness(path) is not None:
            raise ValueError("not owned by the guard")
        return stream.readall()


def write(path: str, parts: Iterable[bytes | memoryview]) -> None:
    """Replace a file of the guard. Raises ``OSError``. Not synced: each file has a checksum and can be recreated."""
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as stream:
            stream.writelines(parts)
        os.rename(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
