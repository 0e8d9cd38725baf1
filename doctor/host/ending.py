"""Ends a process and waits for it, with psutil: it pins a process by its start time, so a recycled pid is never signalled."""

import time

import psutil

from doctor.host.processes import start_ticks

_STEP_S = 0.02


def end(pid: int, ticks: int, signal: int, *, timeout_s: float) -> bool:
    """Send ``signal`` to the process that began at ``ticks`` and wait until it is gone; return whether it is.

    A process that is gone already, or whose pid is another's by now, counts as gone; so does a zombie: it holds no lock
    and no file any more, though nobody may ever reap it.
    """
    try:
        process = psutil.Process(pid)
        if start_ticks(pid) != ticks:
            return True
        process.send_signal(signal)
        deadline = time.monotonic() + timeout_s
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                return False
            time.sleep(_STEP_S)
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return True
    return True
