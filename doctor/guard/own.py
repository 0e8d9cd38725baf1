"""The guard's own small files: nobody but root may have written what it believes, and a write that fails leaves nothing."""

import os
import stat
from collections.abc import Iterable

from doctor.state.trust import weakness


def read(path: str) -> bytes:
    """Return a file of the guard's; raises ``OSError``, and ``ValueError`` for one that somebody else may have written."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb", buffering=0) as stream:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or weakness(path) is not None:
            raise ValueError("not the guard's own")
        return stream.readall()


def write(path: str, parts: Iterable[bytes | memoryview]) -> None:
    """Replace a file of the guard's; raises ``OSError``. Not synced: each has a checksum, and can be made again."""
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as stream:
            stream.writelines(parts)
        os.rename(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
