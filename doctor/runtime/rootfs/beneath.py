"""Opens paths inside a hostile root so that no symbolic link, magic link or `..` leads out of it.

The image's author chooses every name and link beneath the root, and another container that shares a volume may replace
them while they are used. So every path is opened once, by openat2(2) with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS
(Linux 5.6), and from then on only the descriptor is used. Older kernels get a walk that follows no link at all.
"""

import errno

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import LaunchError, reason
from doctor.runtime.base.kernel import (
    O_PATH,
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
)
from doctor.runtime.base.system import encoded, os, stat

_HOSTED = {
    kernel.PROC_MAGIC: "procfs",
    kernel.SYSFS_MAGIC: "sysfs",
    kernel.CGROUP_MAGIC: "cgroup",
    kernel.CGROUP2_MAGIC: "cgroup2",
}

_TRIES = 32


def open_inside(root: int, path: str, flags: int, *, follow: bool = True) -> int:
    """Open an existing path beneath a root directory's descriptor; links in it are resolved as the container would.

    Raises OSError as open(2) does; ELOOP for a magic link, and for any link with `follow=False`.
    """
    return _open(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (0 if follow else RESOLVE_NO_SYMLINKS))


def open_strictly(root: int, path: str, flags: int) -> int:
    """Open an existing path beneath a directory's descriptor that has no link in it and does not leave the directory.

    For directories of the host that may have been tampered with: a link in place of one is refused, whatever its
    target. Raises OSError: ELOOP for a link, EXDEV for an absolute path or a `..` that leaves.
    """
    if path.startswith("/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    return _open(root, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)


def _open(root: int, path: str, flags: int, resolve: int) -> int:
    how = b"".join(n.to_bytes(8, "little") for n in (flags | os.O_CLOEXEC, 0, resolve))
    for attempt in range(_TRIES):
        try:
            return kernel.call("openat2", root, encoded(path), how, len(how))
        except OSError as error:
            if error.errno == errno.ENOSYS:
                break
            # With `..` in a link, a concurrent rename or mount on the host makes the kernel return EAGAIN.
            if error.errno != errno.EAGAIN or attempt == _TRIES - 1:
                raise
    return open_without_links(root, path, flags)


def open_without_links(root: int, path: str, flags: int) -> int:
    """Fallback of `open_inside` before Linux 5.6: one component after the other, refusing every link and `..`."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    here = os.dup(root)
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        try:
            found = os.open(part, (flags if last else O_PATH | os.O_DIRECTORY) | os.O_NOFOLLOW, dir_fd=here)
        finally:
            os.close(here)
        if stat.S_ISLNK(os.fstat(found).st_mode):
            os.close(found)
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        here = found
    if not parts:
        return os.open(".", flags, dir_fd=here)
    return here


def directory(root: int, path: str, mode: int = 0o755, *, follow: bool = True) -> int:
    """A descriptor (O_PATH) of a directory beneath the root, created with its parents if it is missing."""
    flags = O_PATH | os.O_DIRECTORY
    try:
        return open_inside(root, path, flags, follow=follow)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise _refusal(path, error) from None
    done = ""
    here = os.dup(root)
    for part in path.split("/"):
        if part in ("", "."):
            continue
        done += f"/{part}"
        try:
            there = _enter(root, here, done, part, mode, follow=follow)
        except OSError as error:
            raise _refusal(path, error) from None
        finally:
            os.close(here)
        here = there
    return here


def _enter(root: int, parent: int, done: str, part: str, mode: int, *, follow: bool) -> int:
    flags = O_PATH | os.O_DIRECTORY
    try:
        return open_inside(root, done, flags, follow=follow)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
    # A dangling link gives EEXIST here and ENOENT above: it is never followed to create its target.
    os.mkdir(part, mode, dir_fd=parent)
    return os.open(part, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)


def regular_file(root: int, path: str) -> int:
    """A descriptor (O_PATH) of a file beneath the root, created empty (with its parents) if it is missing."""
    try:
        return open_inside(root, path, O_PATH)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise _refusal(path, error) from None
    head, _, tail = path.rstrip("/").rpartition("/")
    parent = directory(root, head or "/")
    try:
        made = os.open(tail, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644, dir_fd=parent)
        os.close(made)
        return os.open(tail, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError as error:
        raise _refusal(path, error) from None
    finally:
        os.close(parent)


def refuse_kernel_filesystem(target: int, path: str) -> None:
    """Refuse a mount onto procfs, sysfs or cgroupfs: it would redirect what the runtime or the container writes there.

    CVE-2019-16884 and CVE-2023-28642: a volume or link over /proc made labels and sysctls go nowhere.
    """
    name = _HOSTED.get(kernel.filesystem_of(target))
    if name is not None:
        raise LaunchError(f"refused to mount over '{path}': it leads into {name}")


def read_text(root: int, path: str, limit: int = 1 << 20) -> str | None:
    """The text of a regular file beneath the root, at most `limit` bytes; None if it is missing or not a regular file.

    The type is checked before the open: opening a device or FIFO of the image could block or do harm.
    """
    try:
        found = open_inside(root, path, O_PATH)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(found).st_mode):
            return None
        opened = os.open(kernel.at(found), os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return None
    finally:
        os.close(found)
    try:
        return os.read(opened, limit).decode("utf-8", "replace")
    finally:
        os.close(opened)


def _refusal(path: str, error: OSError) -> LaunchError:
    if error.errno == errno.ELOOP:
        return LaunchError(f"refused '{path}' in the container's root: a link in the path points elsewhere")
    if error.errno == errno.EEXIST:
        return LaunchError(f"refused '{path}' in the container's root: a dangling link or file is in the way")
    return LaunchError(f"can't open '{path}' in the container's root: {reason(error)}")
