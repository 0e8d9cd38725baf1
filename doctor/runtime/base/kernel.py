"""Makes system calls that Python 3.11 has no function for, through `_ctypes` alone.

The package `ctypes` builds dozens of types when it is imported (2 ms of CPU, a seventh of a launch); the C module below
it is enough for integers and byte strings, and keeps errno.
"""

import _ctypes
import errno

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.base.system import os

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC = 0x20, 0x1000, 0x2000, 0x4000
MS_PRIVATE, MS_STRICTATIME = 0x40000, 0x1000000
MNT_DETACH = 0x2

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
CLONE_PARENT = 0x8000  # the new process is a sibling of its creator

AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE = -100, 0x1000, 0x8000

O_PATH = 0x200000
RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS = 0x1, 0x2, 0x4
RESOLVE_BENEATH, RESOLVE_IN_ROOT = 0x8, 0x10

PROC_MAGIC, SYSFS_MAGIC, CGROUP_MAGIC, CGROUP2_MAGIC = 0x9FA0, 0x62656572, 0x27E0EB, 0x63677270

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_CAPBSET_DROP = 1, 4, 8, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_SET_SECCOMP = 38, 47, 22

# Numbers from the kernel's asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64).
_NUMBERS = {
    "x86_64": {
        "mount": 165,
        "umount2": 166,
        "pivot_root": 155,
        "unshare": 272,
        "setns": 308,
        "clone": 56,
        "prctl": 157,
        "capset": 126,
        "capget": 125,
        "fstatfs": 138,
        "sethostname": 170,
        "bpf": 321,
        "openat2": 437,
        "close_range": 436,
        "mount_setattr": 442,
        "open_tree": 428,
        "move_mount": 429,
        "socket": 41,
        "prlimit64": 302,
        "keyctl": 250,
        "seccomp": 317,
        "setdomainname": 171,
        "personality": 135,
        "ioprio_set": 251,
    },
    "aarch64": {
        "mount": 40,
        "umount2": 39,
        "pivot_root": 41,
        "unshare": 97,
        "setns": 268,
        "clone": 220,
        "prctl": 167,
        "capset": 91,
        "capget": 90,
        "fstatfs": 44,
        "sethostname": 161,
        "bpf": 280,
        "openat2": 437,
        "close_range": 436,
        "mount_setattr": 442,
        "open_tree": 428,
        "move_mount": 429,
        "socket": 198,
        "prlimit64": 261,
        "keyctl": 219,
        "seccomp": 277,
        "setdomainname": 162,
        "personality": 92,
        "ioprio_set": 30,
    },
}
MACHINE = os.uname().machine
_SIGCHLD = 17
_UNUSED = (0,) * 6  # a system call has at most so many arguments
_CDECL_AND_ERRNO = 0x1 | 0x8  # FUNCFLAG_CDECL | FUNCFLAG_USE_ERRNO of CPython's ctypes.h


class _Long(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001 - what `ctypes.c_long` is made of
    _type_ = "l"


class _Argument(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
    _type_ = "P"  # takes whole numbers, byte strings, buffers and None


class _Byte(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
    _type_ = "c"


class _Function(_ctypes.CFuncPtr):
    _flags_ = _CDECL_AND_ERRNO
    _restype_ = _Long
    _argtypes_ = (_Argument,) * 7


_syscall = _Function(_ctypes.dlsym(_ctypes.dlopen(None, os.RTLD_NOW), "syscall"))  # type: ignore[arg-type]


def call(name: str, *args: int | bytes | object | None) -> int:
    """Make one system call; byte strings are passed as pointers to NUL-ended text. Raises OSError with errno."""
    try:
        number = _NUMBERS[MACHINE][name]
    except KeyError:
        raise LaunchError(f"this runtime knows the system calls of x86_64 and aarch64, not of {MACHINE}") from None
    result = int(_syscall(number, *args, *_UNUSED[len(args) :]))
    if result < 0:
        code = _ctypes.get_errno()
        raise OSError(code, os.strerror(code), name)
    return result


def buffer(content: bytes) -> object:
    """Memory that a system call may read and write; `bytes(it)` returns its content."""
    return (_Byte * len(content)).from_buffer_copy(content)


def address(memory: object) -> int:
    """The address of a `buffer`, for structures with pointers."""
    return int(_ctypes.addressof(memory))  # type: ignore[arg-type]


def clone(flags: int) -> int:
    """Like fork, but the child starts in new namespaces. The process must be single-threaded.

    Raw, since glibc has no fork with flags: it avoids the intermediate process that unshare(CLONE_NEWPID) would need.
    """
    return call("clone", flags | _SIGCHLD, 0, 0, 0, 0)


def mount(source: bytes | None, target: bytes, fstype: bytes | None, flags: int, data: bytes | None = None) -> None:
    """Attach a file system, or change what is attached, as the system call of this name."""
    call("mount", source, target, fstype, flags, data)


def at(descriptor: int) -> bytes:
    """The path of an open descriptor, so that mount(2) acts on the opened file, not on a name that may be replaced."""
    return b"/proc/self/fd/%d" % descriptor


def prctl(option: int, value: int = 0, third: int = 0) -> None:
    """Set a property of this process, with up to three arguments."""
    call("prctl", option, value, third, 0, 0)


def filesystem_of(descriptor: int) -> int:
    """The magic number of a descriptor's file system, from statfs(2)."""
    room = buffer(bytes(256))
    call("fstatfs", descriptor, room)
    return int.from_bytes(bytes(room)[:8], "little")  # type: ignore[call-overload]


def close_from(first: int) -> None:
    """Close every descriptor from `first` on: by close_range(2), before Linux 5.9 one by one."""
    try:
        call("close_range", first, 0xFFFFFFFF, 0)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        for name in os.listdir("/proc/self/fd"):
            if int(name) >= first:
                _close_quietly(int(name))


def _close_quietly(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return
