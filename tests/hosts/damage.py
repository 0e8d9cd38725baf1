"""Damage of files by crashes, bad memory and careless copies; each function is deterministic."""

import os
import shutil
import stat
from pathlib import Path

from doctor.formats.databases.bolt import find_metas
from doctor.formats.databases.bolt import read as read_bolt


def empty(path: Path) -> None:
    """Leave no byte of it."""
    path.write_bytes(b"")


def garble(path: Path) -> None:
    """Leave nothing of it but its length."""
    path.write_bytes(noise(path.stat().st_size))


def noise(size: int) -> bytes:
    """Bytes without structure, the same each time."""
    return bytes((number * number * 7919 + number) >> 3 & 0xFF for number in range(size))


def flip(path: Path, at: int | None = None, *, bit: int = 4) -> None:
    """Turn one bit of the byte at an offset, by default of the one in the middle; once more turns it back."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= bit
    path.write_bytes(data)


def cut(path: Path, count: int) -> None:
    """Take bytes off its end."""
    os.truncate(path, path.stat().st_size - count)


def into_directory(path: Path) -> None:
    """Put a directory in a file's place."""
    path.unlink()
    path.mkdir()


def zero_newest_root(path: Path) -> None:
    """The root page of a bolt file's newest generation is full of zeros; an older one is whole."""
    data = bytearray(path.read_bytes())
    newest = read_bolt(bytes(data)).generations[0].meta
    data[newest.root * newest.page_size : (newest.root + 1) * newest.page_size] = bytes(newest.page_size)
    path.write_bytes(data)


def zero_roots(path: Path) -> None:
    """Both generations of a bolt file lose their root page."""
    data = bytearray(path.read_bytes())
    for meta in find_metas(bytes(data)):
        data[meta.root * meta.page_size : (meta.root + 1) * meta.page_size] = bytes(meta.page_size)
    path.write_bytes(data)


def retype_freelist(path: Path) -> None:
    """A bolt file's page of free pages gets another page's type, as a partial write leaves it."""
    data = bytearray(path.read_bytes())
    for generation in read_bolt(bytes(data)).generations:
        start = generation.meta.freelist * generation.meta.page_size
        data[start + 8 : start + 10] = b"\x02\x00"
    path.write_bytes(data)


def copy_plainly(top: Path) -> None:
    """Leave what ``cp`` or ``rsync -r`` would: no owners, devices, extended attributes and hard links."""
    for directory, names, files in os.walk(top):
        for path in [Path(directory), *(Path(directory, name) for name in [*names, *files])]:
            about = path.lstat()
            if stat.S_ISCHR(about.st_mode):
                path.unlink()
                continue
            if stat.S_ISREG(about.st_mode) and about.st_nlink > 1:
                unlink_twin(path)
            for name in os.listxattr(path, follow_symlinks=False):
                os.removexattr(path, name, follow_symlinks=False)
            os.lchown(path, 0, 0)


def unlink_twin(path: Path) -> None:
    """Make a hard link a file of its own with the same content."""
    shutil.copy2(path, f"{path}.copy")
    os.rename(f"{path}.copy", path)
