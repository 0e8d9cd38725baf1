"""Removes a directory tree by descriptors, beneath one directory, safe against concurrent renames by a container.

No link is followed and no mount is crossed: each directory is opened by openat2(2) relative to the one above it, and each
name is removed relative to the descriptor of its directory. If a name is replaced between two calls, one of them fails.
"""

import errno
import os
import stat
import time

from doctor.runtime.base import kernel

_TRIES = 100
_PAUSE_S = 0.02
# Deeper directories are moved up before they are entered, so that depth is limited in descriptors and stack.
_DEPTH = 32
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RESOLVE = kernel.RESOLVE_NO_XDEV | kernel.RESOLVE_NO_SYMLINKS | kernel.RESOLVE_BENEATH
_HOW = b"".join(number.to_bytes(8, "little") for number in (_FLAGS, 0, _RESOLVE))


def remove(parent: int, name: str, tree: int | None) -> None:
    """Remove the directory `name` of a parent's descriptor, with its content if `tree` is its descriptor.

    Without `tree`, or if the name is another directory now, only an empty directory is removed. A container that is
    being killed may add files for some milliseconds, so it is retried for two seconds.
    """
    for _ in range(_TRIES):
        try:
            if tree is not None:
                _clear(tree)
            if tree is None or _is_same(parent, name, tree):
                os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(_PAUSE_S)
        else:
            return


def _is_same(parent: int, name: str, tree: int) -> bool:
    found, known = os.stat(name, dir_fd=parent, follow_symlinks=False), os.fstat(tree)
    return (found.st_dev, found.st_ino) == (known.st_dev, known.st_ino)


class _Level:
    """A directory that is being emptied; `entered` is the last one that was entered."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.names = os.listdir(descriptor)
        self.entered = ""


def _clear(top: int) -> None:
    """Remove everything in a directory. Raises OSError for a name that can't be removed, after removing the rest."""
    failure: OSError | None = None
    levels = [_Level(os.dup(top))]
    try:
        while levels:
            level = levels[-1]
            if not level.names:
                os.close(levels.pop().descriptor)
                continue
            name = level.names[-1]
            try:
                if _has_gone(level, name):
                    level.names.pop()
                elif len(levels) > _DEPTH:
                    levels[0].names.insert(0, _moved_up(level, top))
                else:
                    level.entered = name  # it stays in the list, to be removed after its content
                    levels.append(_Level(_open(level.descriptor, name)))
            except OSError as error:
                failure = error
                del level.names[-1:]
    finally:
        for level in levels:
            os.close(level.descriptor)
    if failure is not None:
        raise failure


def _has_gone(level: _Level, name: str) -> bool:
    """Remove a name, a directory only if it is empty; returns whether it is removed. Raises OSError if it can't be
    removed.
    """
    if not stat.S_ISDIR(os.stat(name, dir_fd=level.descriptor, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=level.descriptor)
        return True
    try:
        os.rmdir(name, dir_fd=level.descriptor)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or level.entered == name:
            raise
        return False
    return True


def _moved_up(level: _Level, top: int) -> str:
    """The new name of a level's last directory, which is in the tree's top directory now."""
    new = f"removed-{os.urandom(8).hex()}"
    os.rename(level.names.pop(), new, src_dir_fd=level.descriptor, dst_dir_fd=top)
    return new


def _open(here: int, name: str) -> int:
    try:
        return kernel.call("openat2", here, os.fsencode(name), _HOW, len(_HOW))
    except OSError as error:
        if error.errno != errno.ENOSYS:  # before Linux 5.6
            raise
    found = os.open(name, _FLAGS, dir_fd=here)
    if os.fstat(found).st_dev != os.fstat(here).st_dev:
        os.close(found)
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), name)
    return found
