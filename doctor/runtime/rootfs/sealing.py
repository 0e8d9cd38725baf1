"""Hides paths or makes them read-only for a bundle, in addition to those hidden in every container."""

import errno

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import TYPE_CHECKING, LaunchError, reason
from doctor.runtime.base.system import os, stat
from doctor.runtime.plan.container import Extras
from doctor.runtime.rootfs import beneath
from doctor.runtime.rootfs.kernelfs import LOCKED, MASKED_PROC, MASKED_SYS, READONLY_PROC

if TYPE_CHECKING:
    from collections.abc import Callable

_ALWAYS_MASKED = {*(f"/proc/{name}" for name in MASKED_PROC), *(f"/sys/{name}" for name in MASKED_SYS)}
_ALWAYS_READONLY = {f"/proc/{name}" for name in READONLY_PROC}
_OPEN_TREE_CLONE, _MOVE_FROM_EMPTY, _MOVE_TO_EMPTY = 0x1, 0x4, 0x40
_RDONLY = 0x1


def seal(root: int, extras: Extras) -> None:
    """Mount over paths that are not sealed yet, by descriptors beneath the root: no name is looked up twice."""
    masked = [path for path in extras.masked if path.rstrip("/") not in _ALWAYS_MASKED]
    if masked:
        null = _null_device(root)
        for path in masked:
            _each(root, path, lambda target: _mask(target, null))
        os.close(null)
    for path in extras.sealed:
        if path.rstrip("/") not in _ALWAYS_READONLY:
            _each(root, path, _make_readonly)


def _null_device(root: int) -> int:
    """A descriptor of the container's null device, verified, since /dev may have been mounted over (CVE-2025-31133)."""
    null = beneath.open_inside(root, "/dev/null", kernel.O_PATH | os.O_NOFOLLOW)
    status = os.fstat(null)
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev != os.makedev(1, 3):
        raise LaunchError("refused to mask paths: /dev/null in the container is not a null device")
    return null


def _each(root: int, path: str, change: "Callable[[int], None]") -> None:
    try:
        target = beneath.open_inside(root, path, kernel.O_PATH)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return  # a missing path needs no mask
        raise LaunchError(f"can't seal '{path}': {reason(error)}") from None
    try:
        change(target)
    except OSError as error:
        raise LaunchError(f"can't seal '{path}': {reason(error)}") from None
    finally:
        os.close(target)


def _mask(target: int, null: int) -> None:
    if stat.S_ISDIR(os.fstat(target).st_mode):
        kernel.mount(b"tmpfs", kernel.at(target), b"tmpfs", kernel.MS_RDONLY | LOCKED, b"size=4k,nr_inodes=2")
        return
    kernel.mount(kernel.at(null), kernel.at(target), None, kernel.MS_BIND)


def _make_readonly(target: int) -> None:
    tree = kernel.call(
        "open_tree", target, b"", kernel.AT_EMPTY_PATH | kernel.AT_RECURSIVE | _OPEN_TREE_CLONE | os.O_CLOEXEC
    )
    attributes = _RDONLY.to_bytes(8, "little") + bytes(24)
    kernel.call("mount_setattr", tree, b"", kernel.AT_EMPTY_PATH | kernel.AT_RECURSIVE, attributes, len(attributes))
    kernel.call("move_mount", tree, b"", target, b"", _MOVE_FROM_EMPTY | _MOVE_TO_EMPTY)
    os.close(tree)
