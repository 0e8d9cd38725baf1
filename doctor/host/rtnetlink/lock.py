"""Whether the kernel answers questions about its network now.

Most of them wait for one lock (rtnl). While a program or driver keeps it, neither a thread nor a process that asks can be
interrupted or killed, and a process does not end before its last thread. So a child asks first, and is left alone if the
kernel does not answer.
"""

import os
import signal
import struct
import time
from collections.abc import Callable
from typing import TypeVar

from doctor.model.missing import HostError, Missing, Why

LIMIT_S = 3.0
_FRESH_S = 2.0
_SILENT_S = 20.0
_GET_LINK, _FIRST = 18, 1
_times: dict[str, float] = {}
"""When the kernel answered last, and when it did not."""
T = TypeVar("T")


def is_held() -> Missing | None:
    """Return why nothing can be asked now, ``None`` if the kernel answers or did so within the last two seconds."""
    if _is_recent("answer", _FRESH_S):
        return None
    # Each further question would cost the whole limit again.
    if not _is_recent("silence", _SILENT_S):
        _times["answer" if _answers() else "silence"] = time.monotonic()
        if _is_recent("answer", _FRESH_S):
            return None
    return Missing(
        Why.TIMED_OUT,
        f"the kernel answers no question about its network within {LIMIT_S:g} s: a program or driver holds its lock (rtnl)",
    )


def shown_by(ask: Callable[[], T]) -> T:
    """Return what a program of the host says about its interfaces, such as ip(8): its end proves that the kernel answers.

    Raises ``HostError`` as it does, with the lock as the reason if that is why it did not end.
    """
    held = is_held() if _is_recent("silence", _SILENT_S) else None
    if held is not None:
        raise HostError(held)
    try:
        said = ask()
    except HostError as error:
        held = is_held() if error.missing.why is Why.TIMED_OUT else None
        if held is not None:
            raise HostError(held) from error
        raise
    _times["answer"] = time.monotonic()
    return said


def _is_recent(event: str, seconds: float) -> bool:
    return event in _times and time.monotonic() - _times[event] < seconds


def _answers() -> bool:
    # Loaded only where nobody has asked yet.
    from doctor.host.hung import ask_in_child, reap_killed  # noqa: PLC0415
    from doctor.host.readable import readable  # noqa: PLC0415

    pid, pipe = ask_in_child(_ask)
    try:
        is_answered = readable(pipe, LIMIT_S)
    finally:
        os.close(pipe)
    if not is_answered:
        os.kill(pid, signal.SIGKILL)
    reap_killed(pid)
    return is_answered


def _ask() -> None:
    from doctor.host.rtnetlink.dump import ROUTE, Dumper  # noqa: PLC0415

    with Dumper(ROUTE) as socket:
        socket.ask(_GET_LINK, struct.pack("=BxHiII", 0, 0, _FIRST, 0, 0))
