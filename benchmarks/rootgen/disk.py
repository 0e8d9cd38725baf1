"""Entries as files: what overlayfs and dockerd have on disk for them, owners, times and xattrs included."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from benchmarks.rootgen.entry import Entry, Kind


def write_file(path: str, data: bytes | str, mode: int = 0o644) -> None:
    """A file of dockerd's own, with the mode that dockerd gives it (the generator runs with umask 0)."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(handle, data.encode() if isinstance(data, str) else data)
    finally:
        os.close(handle)


def write_tree(root: str, entries: Iterable[Entry]) -> int:
    """Write a layer's entries below `root`, and give what layerdb calls its size.

    The size is the sum of the lengths of everything but directories, each inode once (moby/moby:pkg/directory).
    Directory times are set last, since each file made in a directory changes them.
    """
    size = 0
    folders = []
    for entry in entries:
        path = f"{root}/{entry.path}"
        size += _write(root, path, entry)
        if entry.kind is Kind.DIRECTORY:
            folders.append((path, entry.mtime))
    for path, mtime in reversed(folders):
        os.utime(path, (mtime, mtime))
    return size


def _write(root: str, path: str, entry: Entry) -> int:
    if entry.kind is Kind.HARDLINK:
        os.link(f"{root}/{entry.target}", path, follow_symlinks=False)
        return 0
    size = _make(path, entry)
    if entry.uid or entry.gid:
        os.lchown(path, entry.uid, entry.gid)
        if entry.mode & 0o6000 and entry.kind is not Kind.SYMLINK:
            Path(path).chmod(entry.mode)  # chown takes the set-uid bits away
    for key, value in entry.xattrs.items():
        os.setxattr(path, key, value, follow_symlinks=False)
    if entry.kind is not Kind.DIRECTORY:
        os.utime(path, (entry.mtime, entry.mtime), follow_symlinks=False)
    return size


def _make(path: str, entry: Entry) -> int:
    """Create the thing itself; the length that it adds to the layer's size."""
    match entry.kind:
        case Kind.FILE:
            return _make_file(path, entry)
        case Kind.DIRECTORY:
            os.mkdir(path, entry.mode)
            if entry.opaque:
                os.setxattr(path, "trusted.overlay.opaque", b"y")
        case Kind.SYMLINK:
            os.symlink(entry.target, path)
            return len(entry.target.encode())
        case Kind.FIFO:
            os.mkfifo(path, entry.mode)
        case _:
            os.mknod(path, stat.S_IFCHR | entry.mode, os.makedev(*entry.device))
    return 0


def _make_file(path: str, entry: Entry) -> int:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, entry.mode)
    try:
        for chunk in entry.content.chunks():
            os.write(handle, chunk)
    finally:
        os.close(handle)
    return entry.content.size_bytes
