"""A child process that outlives a killed trace, and removes its tracefs instance."""

import os
import signal
import time
from contextlib import suppress

from doctor.host.trace.tracefs import Tracefs

_TRIES, _PAUSE_S = 10, 0.03


class TraceJanitor:
    """It waits for the end of a pipe: the kernel closes it when the trace's process ends, whatever ends that."""

    def __init__(self, tracefs: Tracefs) -> None:
        """Start it before anything else is opened: it would keep open what closes with the trace. Raises ``OSError``."""
        reading, self._writing = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(reading)
            os.close(self._writing)
            raise
        if self._pid == 0:
            try:
                _wait(reading, self._writing, tracefs)
            finally:
                # Nothing of the parent's may run here, whatever failed.
                os._exit(0)
        os.close(reading)

    def dismiss(self) -> None:
        """End it: there is nothing to remove."""
        with suppress(OSError):
            os.write(self._writing, b"done")
        os.close(self._writing)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _wait(reading: int, writing: int, tracefs: Tracefs) -> None:
    os.close(writing)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with open(os.devnull, "r+b", buffering=0) as null:
        for standard in (0, 1, 2):
            os.dup2(null.fileno(), standard)
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in {0, 1, 2, reading, tracefs.descriptor}:
            with suppress(OSError):
                os.close(int(name))
    if os.read(reading, 16):
        return
    for _ in range(_TRIES):
        tracefs.sweep()
        if not tracefs.instances():
            return
        time.sleep(_PAUSE_S)
