"""Finds mounts that don't answer. A read on one can't be interrupted, so a child process that can be killed tries
first.

Network and FUSE file systems wait for another process: a dead NFS server or a stopped FUSE daemon blocks every process
that accesses the mount (nfs(5), hard; fs/fuse/dev.c, request_wait_answer) until it is killed.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from doctor.host.readable import readable

LIMIT_S = 3.0
# A killed child that can end does so within milliseconds.
_KILLED_S = 0.1
_WAITING = (
    "9p",
    "afs",
    "autofs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "fuse",
    "gfs2",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
)
_WAITING_PREFIXES = ("fuse.", "fuseblk", "nfs", "smb")


def mounts_that_wait(mountinfo: str) -> list[str]:
    """Return mount points of network and FUSE file systems from the text of /proc/self/mountinfo."""
    found = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        kind = after.split(" ", 1)[0]
        # nfsd is the server's own control file system: it answers from memory.
        waits = kind != "nfsd" and (kind in _WAITING or kind.startswith(_WAITING_PREFIXES))
        if separator and len(fields) > 4 and waits:
            found.append(fields[4].encode().decode("unicode_escape", "replace"))
    return found


def find(limit_s: float = LIMIT_S) -> tuple[str, ...]:
    """Return the mount points that gave no answer within ``limit_s`` seconds; all are probed at once."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
            points = mounts_that_wait(stream.read())
    except OSError:
        return ()
    asked = [(point, *ask_in_child(partial(os.stat, point))) for point in points]
    deadline = time.monotonic() + limit_s
    silent = []
    for point, pid, pipe in asked:
        ready = readable(pipe, deadline - time.monotonic())
        os.close(pipe)
        if ready:
            os.waitpid(pid, 0)
        else:
            silent.append(point)
            os.kill(pid, signal.SIGKILL)
            reap_killed(pid)
    return tuple(silent)


def reap_killed(pid: int) -> None:
    """Reap a child that ended or was killed, unless it is blocked in the kernel: waiting for that one would block too, init
    reaps it.
    """
    deadline = time.monotonic() + _KILLED_S
    while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.002)


def ask_in_child(question: Callable[[], object]) -> tuple[int, int]:
    """Fork a child that asks; return its pid and a pipe that has something to read once the question is answered, with an
    error or not.

    The child keeps nothing of this process open: whoever reads its output would wait for the child as well.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _close_all_but(writing)
            question()
        finally:
            # An error is an answer too.
            os.write(writing, b".")
            os._exit(0)
    os.close(writing)
    return pid, reading


def _close_all_but(kept: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in {0, 1, 2, kept}:
            # The listing's own descriptor is closed already.
            with suppress(OSError):
                os.close(int(name))
