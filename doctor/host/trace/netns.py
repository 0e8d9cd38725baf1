"""Work in another network namespace: a thread enters it and ends; the sockets that it opened stay there.

No program of a container runs, and only the network is entered: files and users are this host's.
"""

import ctypes
import errno
import os
import threading
from collections.abc import Callable
from typing import TypeVar

from doctor.model.errors import DoctorError

_CLONE_NEWNET = 0x40000000
_Made = TypeVar("_Made")
_LIMIT_S = 20.0


class NetPlace:
    """A network namespace that is part of a trace.

    Attributes:
        name: for messages: "host", or the container's.
        inode: identifies it among all; processes of one namespace have the same.
        descriptor: of the namespace, which lives at least as long as it is open.
    """

    def __init__(self, name: str, descriptor: int) -> None:
        """Take over a descriptor."""
        self.name = name
        self.descriptor = descriptor
        self.inode = os.fstat(descriptor).st_ino

    def close(self) -> None:
        """Let go of the namespace."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def do(self, work: Callable[[], _Made]) -> _Made:
        """Do the work inside; programs that it starts run inside too. Raises what it raises.

        Raises ``DoctorError`` if the namespace can't be entered: otherwise it would look like an answer of its kernel.
        """
        if self.inode == _own():
            return work()

        def inside() -> _Made:
            try:
                _call("setns", self.descriptor, _CLONE_NEWNET)
            except OSError as error:
                reason = f"can't enter the network namespace of {self.name}: {error.strerror}"
                raise DoctorError(reason, do="run it as root with CAP_SYS_ADMIN") from error
            return work()

        return in_thread(inside)


def of_process(name: str, pid: int | None) -> NetPlace:
    """Return the namespace of a process, this process's own for ``None``. Raises ``OSError``."""
    path = f"/proc/{'self' if pid is None else pid}/ns/net"
    return NetPlace(name, os.open(path, os.O_RDONLY | os.O_CLOEXEC))


def unnamed(name: str) -> NetPlace:
    """Return a new namespace, which ends when it is closed. Raises ``OSError``."""

    def work() -> int:
        _call("unshare", _CLONE_NEWNET)
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    return NetPlace(name, in_thread(work))


def in_thread(work: Callable[[], _Made], limit_s: float = _LIMIT_S) -> _Made:
    """Do the work in a thread of its own, which may change its namespaces: it ends with the work.

    Raises what it raises, and ``TimeoutError``: the kernel may be busy with the changes of others, and can't be interrupted.
    """
    made: list[_Made] = []
    failed: list[BaseException] = []

    def inside() -> None:
        try:
            made.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
            failed.append(error)

    thread = threading.Thread(target=inside, daemon=True)
    thread.start()
    thread.join(limit_s)
    if failed:
        raise failed[0]
    if not made:
        raise TimeoutError(errno.ETIMEDOUT, f"no answer within {limit_s:g} s")
    return made[0]


def _own() -> int:
    return os.stat("/proc/thread-self/ns/net").st_ino


def _call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
