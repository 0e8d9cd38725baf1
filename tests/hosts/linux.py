"""The few system calls that Python 3.11 lacks, as functions that raise OSError like the rest of `os`."""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

MS_MOVE = 0x2000

MNT_DETACH = 0x2

_PR_SET_PDEATHSIG = 1
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Move this process (for PID: its later children) into new namespaces."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to send this process the signal when the thread that forked it ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal_number), 0, 0, 0), "prctl")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Put a file system at target; empty strings stand for NULL."""
    result = _libc.mount(
        source.encode() or None, target.encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode() or None
    )
    _check(result, f"mount {source or kind} on {target}")


def umount(target: str, flags: int = 0) -> None:
    """Take the topmost file system off target."""
    _check(_libc.umount2(target.encode(), ctypes.c_int(flags)), f"umount {target}")


def pivot_root(new_root: str) -> None:
    """Make new_root the root of this mount namespace and detach the old root.

    The old root is stacked on the new one (`pivot_root(".", ".")`, pivot_root(2)), so no directory is needed for it.
    """
    os.chdir(new_root)
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    _check(_libc.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    umount(".", MNT_DETACH)
    os.chdir("/")
