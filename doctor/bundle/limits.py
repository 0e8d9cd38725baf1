"""Limits on what judging a bundle may cost: its values are anyone's, and a check may be slow on what no collector returns."""

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from doctor.model.errors import UsageError

SECONDS = 120.0
MEMORY_BYTES = 1 << 30
"""A host with 1,000 containers needs 0.6 seconds and 50 MiB (benchmarks/BUNDLE.md)."""


class _TooLong(BaseException):
    """The time is over. It is not an ``Exception``, so that no boundary takes it for an error of one check."""


class _Alarm:
    """Raises ``_TooLong`` at each signal until the block has ended."""

    is_over = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if not self.is_over:
            raise _TooLong


@contextmanager
def bounded(where: str, *, seconds: float = SECONDS, memory: int = MEMORY_BYTES) -> Iterator[None]:
    """Limit the time and the additional memory of the block. Raises ``UsageError`` if it needs more."""
    alarm = _Alarm()
    is_main = threading.current_thread() is threading.main_thread()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = _size() + memory
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
        if is_main:
            before = signal.signal(signal.SIGALRM, alarm)
            # Again and again: an exception in a destructor is dropped.
            signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
        try:
            yield
        finally:
            alarm.is_over = True  # before any call: on a busy machine the next signal is there
    except _TooLong:
        raise _refused(f"judging it takes longer than {seconds:g} seconds", where) from None
    except MemoryError:
        raise _refused(f"judging it needs more than {memory >> 20} MiB of memory", where) from None
    finally:
        if is_main:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _size() -> int:
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[0]) * resource.getpagesize()


def _refused(problem: str, where: str) -> UsageError:
    return UsageError(f"can't judge the bundle: {problem}", where=where, do="no host of a usual size needs that")
