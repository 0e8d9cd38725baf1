"""Writing into a file that can't be replaced: one with something mounted on it, or with further names (hard links).

A rename over the first fails, one over the second leaves the other names with the old content. Written in place it is not
whole at every instant; its old content is in the journal by then, so a crash in between is undone as any other.
"""

import os
from collections.abc import Container

from doctor.host.syscalls import is_mount_point
from doctor.model.step import File
from doctor.model.view import Stat

_CHUNK = 1 << 20


def is_fixed(directory: int, name: str, found: Stat | None, *, unlinks: bool = False) -> bool:
    """Whether the entry of an open directory is a regular file that has to be written in place.

    ``unlinks``: it gets a file of its own, whatever other names that of now has.
    """
    if found is None or found.kind != "f":
        return False
    return (found.nlink > 1 and not unlinks) or is_mount_point(directory, name)


def rewrite(directory: int, name: str, node: File, *, keep: Container[str]) -> None:
    """Give the file this content, without other xattrs than ``keep``, and sync it. Raises ``OSError``.

    Room for a longer content is taken first, so that a full disk changes nothing.
    """
    descriptor = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    with open(descriptor, "wb", buffering=0) as stream:
        before = os.fstat(descriptor).st_size
        size = os.stat(node.blob).st_size if node.blob else len(node.content)
        if size > before:
            try:
                os.posix_fallocate(descriptor, 0, size)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        if node.blob:
            with open(node.blob, "rb") as source:
                while chunk := source.read(_CHUNK):
                    _write(descriptor, chunk)
        else:
            _write(descriptor, node.content)
        os.ftruncate(stream.fileno(), size)
        # A security label belongs to the place, and is not a repair's to remove.
        for key in os.listxattr(descriptor):
            if key not in keep and not key.startswith("security."):
                os.removexattr(descriptor, key)
        os.fsync(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
