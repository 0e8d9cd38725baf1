"""Runs a program as under Linux 3.10: each later system call is answered ENOSYS. ``python old_kernel.py PROGRAM [WORD…]``, as root.

A stand-in for the kernel of RHEL 7, as far as system calls go. execveat (322), seccomp (317), memfd_create (319), clone3,
openat2, statx and the new mount calls are among them.
"""

import ctypes
import os
import struct
import sys

FIRST_LATER = 314
"""sched_setattr, of Linux 3.14: the first number on x86-64 after those of 3.10."""
_LOAD, _IF_EQUAL, _IF_GREATER_OR_EQUAL, _RETURN = 0x20, 0x15, 0x35, 0x06
_X86_64, _ALLOW, _ENOSYS = 0xC000003E, 0x7FFF0000, 0x00050026
_PROGRAM = (
    (_LOAD, 0, 0, 4),
    (_IF_EQUAL, 0, 3, _X86_64),
    (_LOAD, 0, 0, 0),
    (_IF_GREATER_OR_EQUAL, 0, 1, FIRST_LATER),
    (_RETURN, 0, 0, _ENOSYS),
    (_RETURN, 0, 0, _ALLOW),
)


def refuse() -> None:
    """Install the filter, for this process and all that it starts. Raises ``OSError``."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in _PROGRAM))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(_PROGRAM), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, program, 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "can't install the filter")


if __name__ == "__main__":
    refuse()
    os.execv(sys.argv[1], sys.argv[1:])
