"""Writes in place a file that can't be replaced: one that is a mount point, or that has hard links.

A rename over the first fails, one over the second leaves the other names with the old content. Writing in place is not
atomic; the original content is in the journal before, so a crash in between is undone like any other.
"""

import os
from collections.abc import Container

from doctor.host.syscalls import is_mount_point
from doctor.model.step import File
from doctor.model.view import Stat

_CHUNK = 1 << 20


def is_fixed(directory: int, name: str, found: Stat | None, *, unlinks: bool = False) -> bool:
    """Whether the entry of an open directory is a regular file that must be written in place.

    ``unlinks``: it becomes a separate file, even if the current one has hard links.
    """
    if found is None or found.kind != "f":
        return False
    return (found.nlink > 1 and not unlinks) or is_mount_point(directory, name)


def rewrite(directory: int, name: str, node: File, *, keep: Container[str]) -> None:
    """Write the content, remove xattrs other than ``keep``, and sync. Raises ``OSError``.

    Space for a longer content is allocated first, so that a full disk changes nothing.
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
        # A security label depends on the path, and a repair does not remove it.
        for key in os.listxattr(descriptor):
            if key not in keep and not key.startswith("security."):
                os.removexattr(descriptor, key)
        os.fsync(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
