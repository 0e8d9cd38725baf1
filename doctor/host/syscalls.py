"""openat2(2) and inode flags, which Python's standard library lacks."""

import ctypes
import errno
import os
from fcntl import ioctl

_SYS_OPENAT2 = 437  # the same on every architecture: added in 5.6, after the numbers were unified
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_IN_ROOT = 0x10
_FS_IOC_GETFLAGS = 0x80086601
_FS_IOC_SETFLAGS = 0x40086602
IMMUTABLE = 0x10
APPEND_ONLY = 0x20

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
# Declared, or ctypes makes five objects a call; a large data root has 20,000 files.
_syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_HOW_BYTES = ctypes.sizeof(_OpenHow)


def openat2(directory: int, path: str, flags: int, resolve: int) -> int:
    """Return a descriptor of ``path`` below the directory descriptor; the system call of that name, since Linux 5.6.

    Raises ``OSError``: ELOOP where a symbolic link is in the way, EXDEV for a path that leaves the directory, ENOSYS on
    an old kernel. EAGAIN (a rename raced with the look-up) is retried a few times.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, 0, resolve)
    raw = os.fsencode(path)
    for _ in range(8):
        descriptor = _syscall(_SYS_OPENAT2, directory, raw, ctypes.byref(how), _HOW_BYTES)
        if descriptor >= 0:
            return int(descriptor)
        code = ctypes.get_errno()
        if code != errno.EAGAIN:
            break
    raise OSError(code, os.strerror(code), path)


def get_flags(descriptor: int) -> int:
    """Return the inode flags of an open file; 0 where the file system has none."""
    buffer = bytearray(8)
    try:
        ioctl(descriptor, _FS_IOC_GETFLAGS, buffer)
    except OSError:
        return 0
    return int.from_bytes(buffer[:4], "little")


_AT_SYMLINK_NOFOLLOW = 0x100
_STATX_BYTES = 256
_ATTRIBUTES, _KNOWN = slice(8, 16), slice(56, 64)
"""``stx_attributes`` and ``stx_attributes_mask``."""
_MOUNT_ROOT = 0x2000
_INODE, _BIRTH_S, _BIRTH_NS = slice(32, 40), slice(80, 88), slice(88, 92)
_STATX_INO, _STATX_BTIME = 0x100, 0x800
_S_NS = 1_000_000_000
_statx = getattr(_libc, "statx", None)
if _statx is not None:
    _statx.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)


def held(directory: int, name: str) -> int:
    """Return which of IMMUTABLE and APPEND_ONLY the entry ``name`` of an open directory has, "." for itself.

    By statx(2), which opens nothing and follows no link: the bits of ``stx_attributes`` are those of FS_IOC_GETFLAGS.
    0 if the entry is missing, if the file system doesn't report them, and with a C library before glibc 2.28.
    """
    return _attributes(directory, name)[0] & (IMMUTABLE | APPEND_ONLY)


def is_mount_point(directory: int, name: str) -> bool:
    """Return whether something is mounted on the entry ``name`` of an open directory, "." for itself; statx(2), Linux
    5.8.

    Fallback on older kernels: an entry with another device than its directory counts as a mount point; a bind mount
    within one file system is not detected. Raises ``OSError``.
    """
    found, known = _attributes(directory, name)
    if known & _MOUNT_ROOT:
        return bool(found & _MOUNT_ROOT)
    there = os.stat(name, dir_fd=directory, follow_symlinks=False)
    return there.st_dev != os.stat(".." if name == "." else ".", dir_fd=directory).st_dev


def _attributes(directory: int, name: str) -> tuple[int, int]:
    """Return ``stx_attributes`` and the mask that the file system supports; zeros if statx fails."""
    if _statx is None:
        return 0, 0
    buffer = ctypes.create_string_buffer(_STATX_BYTES)
    if _statx(directory, os.fsencode(name), _AT_SYMLINK_NOFOLLOW, 0, buffer):
        return 0, 0
    raw = buffer.raw
    return int.from_bytes(raw[_ATTRIBUTES], "little"), int.from_bytes(raw[_KNOWN], "little")


def birth(directory: int, name: str) -> tuple[int, int]:
    """Return inode and birth time of the entry ``name`` of an open directory, by statx(2).

    The birth time is in nanoseconds since the epoch, 0 where the file system keeps none or the C library is older than
    2.28. Raises ``OSError``.
    """
    if _statx is None:
        return os.stat(name, dir_fd=directory, follow_symlinks=False).st_ino, 0
    buffer = ctypes.create_string_buffer(_STATX_BYTES)
    if _statx(directory, os.fsencode(name), _AT_SYMLINK_NOFOLLOW, _STATX_INO | _STATX_BTIME, buffer):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), name)
    raw = buffer.raw
    has_birth = int.from_bytes(raw[:4], "little") & _STATX_BTIME
    seconds = int.from_bytes(raw[_BIRTH_S], "little", signed=True)
    born = seconds * _S_NS + int.from_bytes(raw[_BIRTH_NS], "little") if has_birth else 0
    return int.from_bytes(raw[_INODE], "little"), born


def set_flags(descriptor: int, flags: int) -> None:
    """Set the inode flags of an open file; raises ``OSError``."""
    ioctl(descriptor, _FS_IOC_SETFLAGS, flags.to_bytes(8, "little"))
