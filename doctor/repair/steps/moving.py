"""Moves a node to quarantine and back, also across file systems: one complete copy exists at any time."""

import errno
import os
import stat
from contextlib import suppress

from doctor.host import commands
from doctor.model.errors import RepairError


def move(source: int, name: str, target: int, target_name: str, *, is_own: bool) -> None:
    """Rename an entry of one open directory into another; across file systems, copy and sync it, then remove the source.

    If the source can't be removed completely, it is restored and the copy is removed, so that nothing has changed. A source
    in doctor's own quarantine (``is_own``) may remain, because the restored node is complete. Raises ``OSError`` and ``RepairError``.
    """
    try:
        os.rename(name, target_name, src_dir_fd=source, dst_dir_fd=target)
    except OSError as error:
        if not (error.errno == errno.EXDEV or (is_own and error.errno == errno.EROFS)):
            raise
        here, there = f"/proc/{os.getpid()}/fd/{source}/{name}", f"/proc/{os.getpid()}/fd/{target}/{target_name}"
        # An incomplete copy is removed.
        copied = _copy(here, there)
        if copied:
            remove(there)
            raise RepairError(f"can't copy it: {copied}", where=name) from error
        os.sync()
        kept = remove(here)
        if kept and not is_own:
            if not _copy(there, here, "--no-clobber"):
                remove(there)
            raise RepairError(f"can't remove the original: {kept}", where=name) from error


def _copy(here: str, there: str, *options: str) -> str:
    """Copy with owners, xattrs, hard links and devices, unlike shutil; return the error, "" on success."""
    done = commands.run(("cp", "-a", "-T", "--reflink=auto", *options, "--", here, there), timeout_s=3600)
    return "" if not done.exit else _last_line(done.stderr)


def remove(path: str) -> str:
    """Delete a tree, without other file systems; return the error, "" on success."""
    done = commands.run(("rm", "-rf", "--one-file-system", "--", path), timeout_s=600)
    return "" if not done.exit else _last_line(done.stderr)


def _last_line(output: bytes) -> str:
    # cp and rm begin with the path, which here is a descriptor and meaningless to the reader.
    lines = output.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
    return lines[-1].rpartition(": ")[2]


def size_of(top: str) -> int:
    """Return the bytes of all files below a directory of this machine; files removed meanwhile don't count."""
    total = 0
    for directory, _, names in os.walk(top):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(directory, name)).st_size
    return total


def are_alike(one: str, other: str) -> bool:
    """Whether two trees on this machine have the same names, kinds, modes, owners, sizes and times; contents are not read."""
    try:
        if _numbers(one) != _numbers(other):
            return False
        if not stat.S_ISDIR(os.lstat(one).st_mode):
            return True
        names = sorted(os.listdir(one))
        return names == sorted(os.listdir(other)) and all(
            are_alike(os.path.join(one, name), os.path.join(other, name)) for name in names
        )
    except OSError:
        return False


def _numbers(path: str) -> tuple[int, ...]:
    found = os.lstat(path)
    numbers = found.st_mode, found.st_uid, found.st_gid, found.st_rdev
    return numbers if stat.S_ISDIR(found.st_mode) else (*numbers, found.st_size, found.st_mtime_ns)
