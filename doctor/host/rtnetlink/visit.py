"""Goes into network namespaces, in a thread that ends there.

setns(2) moves one thread. This one does nothing but visit namespaces and ends there, so neither an exception nor a
signal can leave the process, or a thread that does anything else, in a foreign namespace.
"""

import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from doctor.host.files import failed
from doctor.host.rtnetlink.lock import is_held
from doctor.model.missing import HostError, Missing, Why

T = TypeVar("T")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Visit(Generic[T]):
    """One visit of the network namespaces of several processes.

    Args:
        read: called in each namespace, with the process and the inode of the namespace. It may raise ``OSError``.
        shares: whether one result holds for all processes of a namespace.
    """

    def __init__(self, read: Callable[[int, int], T], *, shares: bool = True) -> None:
        self._read = read
        self._shares = shares
        self._found: dict[int, T | Missing] = {}
        self._is_over = False
        self._defect: Exception | None = None

    def go(self, pids: Iterable[int], limit_s: float) -> dict[int, T | Missing]:
        """Return process → what was read; 0 is the host's own namespace.

        An exception that is not about a namespace is raised here. Processes that share a namespace get the same value. A process that has ended gets an absence.
        """
        wanted = sorted(set(pids))
        held = is_held()
        if held is not None:
            return dict.fromkeys(wanted, held)
        thread = threading.Thread(target=self._run, args=(wanted, time.monotonic() + limit_s), daemon=True)
        thread.start()
        try:
            thread.join(limit_s + 0.5)
        finally:
            self._is_over = True
        if self._defect is not None:
            raise self._defect
        late = Missing(Why.TIMED_OUT, f"network namespaces: not read within {limit_s:g} s")
        return {pid: self._found.get(pid, late) for pid in wanted}

    def _run(self, pids: list[int], deadline: float) -> None:
        inodes: dict[int, int] = {}
        for pid in pids:
            if self._is_over or time.monotonic() > deadline:
                return
            try:
                self._found[pid] = self._one(pid, inodes)
            except HostError as error:
                self._found[pid] = error.missing
            except OSError as error:
                self._found[pid] = failed(error, f"/proc/{pid or 'self'}/ns/net").missing
            except Exception as error:  # noqa: BLE001 - raised in the thread that asked
                self._defect = error
                return

    def _one(self, pid: int, inodes: dict[int, int]) -> T | Missing:
        # The host is first: afterwards this thread is elsewhere.
        namespace = os.open(f"/proc/{pid or 'thread-self'}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            inode = os.fstat(namespace).st_ino
            if self._shares and inode in inodes:
                return self._found[inodes[inode]]
            if pid:
                _enter(namespace)
        finally:
            os.close(namespace)
        found = self._read(pid, inode)
        inodes[inode] = pid
        return found


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
