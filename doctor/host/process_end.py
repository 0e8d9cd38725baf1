"""Ends a process and waits for it, with psutil: a process is identified by its start time, so a reused pid is never
signalled.
"""

import time

import psutil

from doctor.host.processes import start_ticks

_STEP_S = 0.02


def end(pid: int, ticks: int, signal: int, *, timeout_s: float) -> bool:
    """Send ``signal`` to the process that started at ``ticks`` and wait for its end; return whether it ended.

    A process counts as ended if it is gone or its pid has been reused. A zombie counts too: it holds no lock and no
    file, even if it is never reaped.
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
