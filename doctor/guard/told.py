"""Keeps what directories of small files told at a look, beside what the look was concluded from.

It is believed path by path: of a directory or file that the kernel tells of as it did then. A day after it was read all is
read again.
"""

import marshal
import os
import time
import zlib
from collections.abc import Iterable

from doctor.guard import own
from doctor.guard.seen import DAY_S
from doctor.host.told import Contents, Told

_NAME = "guard.told"


def load(state: str, look: int, changed: Iterable[str]) -> tuple[Told, int]:
    """Return what the look with this checksum was told, less what has changed since, and when the oldest of it was read.

    Seconds since the epoch; now, where there is nothing to believe.
    """
    now = int(time.time())
    try:
        data = memoryview(own.read(os.path.join(state, _NAME)))
        head, _, _ = bytes(data[:80]).partition(b"\n")
        checksum, of, read = (int(word) for word in head.split())
        rest = data[len(head) + 1 :]
        if zlib.crc32(rest) != checksum or of != look or not 0 <= now - read < DAY_S:
            return Told(), now
        known = {path: Contents(*told) for path, told in marshal.loads(rest).items()}  # noqa: S302 - root's own file
    except (OSError, ValueError, EOFError, TypeError, AttributeError):
        return Told(), now
    for path in changed:
        known.pop(path, None)
        directory, _, name = path.rpartition("/")
        told = known.get(directory)
        if told is not None:
            for kind in (told.files, told.sizes, told.links):
                kind.pop(name, None)
    return Told(known), read


def keep(state: str, look: int, told: Told, read: int) -> None:
    """Keep what was told at the look with this checksum. Failing costs only the next look: nothing is raised."""
    found = {path: (each.entries, each.files, each.sizes, each.links) for path, each in told.now.items()}
    rest = marshal.dumps(found)
    try:
        own.write(os.path.join(state, _NAME), (b"%d %d %d\n" % (zlib.crc32(rest), look, read), rest))
    except OSError:
        return
