"""Tests whether a file system accepts a write now: an unnamed file is written, synced and closed, so nothing
remains.
"""

import errno
import os
import signal

from doctor.host.readable import readable

_BYTES = 64 << 10
_LIMIT_S = 10.0


def write(directory: str, limit_s: float = _LIMIT_S) -> int:
    """Return 0 where a nameless file (O_TMPFILE, open(2)) was written below ``directory``, else the error number.

    A child process does it, since a frozen file system blocks writers in the kernel; the result is then ``ETIMEDOUT``.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = errno.EIO
        try:
            os.close(reading)
            code = _write(directory)
        finally:
            os.write(writing, bytes([min(code, 255)]))
            os._exit(0)
    os.close(writing)
    try:
        answer = os.read(reading, 1) if readable(reading, limit_s) else b""
    finally:
        os.close(reading)
    if not answer:
        os.kill(pid, signal.SIGKILL)
    # A child blocked in the kernel can't be reaped yet: waiting for it would block too.
    os.waitpid(pid, 0 if answer else os.WNOHANG)
    return answer[0] if answer else errno.ETIMEDOUT


def _write(directory: str) -> int:
    try:
        descriptor = os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if os.write(descriptor, b"\1" * _BYTES) != _BYTES:
            return errno.ENOSPC
        os.fsync(descriptor)
    except OSError as error:
        return error.errno or errno.EIO
    return 0
