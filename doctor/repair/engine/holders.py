"""Finds the lock holder of a data root: by the locks on its databases, not by a pid file or a process name.

dockerd and containerd keep an exclusive flock on each bolt database as long as they run (bbolt Open), also if they run in
another mount or PID namespace. Other engines use POSIX locks (fcntl), which do not exclude a flock: both kinds are asked for. Each
engine names its databases.
"""

import fcntl
import os
import struct
import time
from contextlib import suppress

from doctor.host.syscalls import RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, openat2
from doctor.model.errors import RefusedError
from doctor.model.step import Attributes, Move, Put, places
from doctor.plugins.engines import engines
from doctor.repair.runs.record import PlanRecord

_ENDING_S = 45.0
"""dockerd waits 15 s for containers by default (shutdown-timeout) or their own stop timeout, and 10 s for its containerd."""
_STEP_S = 0.1
_FLOCK = "hhqqi4x"
"""struct flock: type, whence, start, length (0: to the end), pid."""
_KINDS = {"FLOCK", "POSIX", "OFDLCK"}
"""Words of /proc/locks."""


def holder_of(root: str, data_root: str) -> str:
    """Return the lock holder of the data root ("process 412 (dockerd)"), or "" if it is free."""
    top = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in dict.fromkeys(name for one in engines() for name in one.databases):
            path = f"{data_root.strip('/')}/{name}"
            try:
                descriptor = openat2(top, path, os.O_RDONLY | os.O_NONBLOCK, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)
            except OSError:
                continue
            try:
                if not _is_free(descriptor):
                    # A process that ended meanwhile has no name, and no lock either.
                    who = _name(descriptor)
                    if who.endswith(")") or not _is_free(descriptor):
                        return who
            finally:
                os.close(descriptor)
    finally:
        os.close(top)
    return ""


def _is_free(descriptor: int) -> bool:
    """Whether shared locks can be acquired (a flock is released at once): only an exclusive lock of others prevents it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        # A POSIX lock is asked for, not acquired: closing any descriptor of the file would release it.
        asked = struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
        answer: int = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))[0]
    except OSError:
        return False
    return answer == fcntl.F_UNLCK


def freed(root: str, data_root: str, record: PlanRecord) -> str:
    """Return the holder of the data root after the time that an engine needs to stop, or "".

    A stopping engine does not answer, and keeps its locks until its last container has ended. An engine that answers, and any
    other process, is not waited for.
    """
    holder = holder_of(root, data_root)
    deadline = time.monotonic() + _ENDING_S
    while _is_ending(holder, record) and time.monotonic() < deadline:
        time.sleep(_STEP_S)
        holder = holder_of(root, data_root)
    return holder


def _is_ending(holder: str, record: PlanRecord) -> bool:
    """Whether the holder is a process of an engine that does not answer; for a containerd the engine above it is asked."""
    known = [one for one in engines() if holder.endswith(tuple(f"({name})" for name in one.processes))]
    if not known:
        return False
    above = [one for one in engines() if known[0].name in one.stands_on] or known
    return not any(one.answers(record.socket_of(one.name)) for one in above)


def refuse_held(record: PlanRecord) -> None:
    """Refuse a plan for a data root with a holder that the plan itself does not stop."""
    steps = [step for action in record.actions for step in action.steps]
    stopped = {top for action in record.actions if action.engine for top in record.stopped_for(action.engine)}
    paths = [path for step in steps if isinstance(step, Put | Move | Attributes) for path in places(step)]
    for top in dict.fromkeys(top for path in paths for top in record.locked_with(path) if top not in stopped):
        holder = freed(record.root, top, record)
        if holder:
            raise RefusedError(f"{holder} holds the data root", where=top, do="stop it, then run doctor again")


def _name(descriptor: int) -> str:
    """Return the lock's owner from /proc/locks; pid 0 or an unknown one is in another PID namespace."""
    status = os.fstat(descriptor)
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with suppress(OSError), open("/proc/locks", encoding="ascii", errors="replace") as stream:
        for line in stream:
            fields = line.split()
            if device in fields and "WRITE" in fields and not _KINDS.isdisjoint(fields):
                pid = fields[fields.index(device) - 1]
                with suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
                    return f"process {pid} ({comm.read().strip()})"
                return f"process {pid}"
    return "another process"
