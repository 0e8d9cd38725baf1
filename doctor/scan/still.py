"""Detects changes by the engine during a scan.

A scan reads one thing after the other: processes, runtime states, layers, rules. A container that starts or stops between two of
these reads looks broken: its runtime state names a process that is not in the earlier list. So a finding counts only if the
engine changed nothing during the scan, or if it is found repeatedly.
"""

import time

from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.plugins.engines import engines
from doctor.scan.resolve import Facts

_PAUSES_S = (0.2, 0.4, 0.8)
"""Delay before each retry: a container is created or started in less than a second."""
_BEFORE_S = 1.0
"""A change so shortly before a scan may be part of a longer operation."""


class Motion:
    """Paths that get a new change time whenever an engine creates, starts or removes something."""

    def __init__(self, host: Host, facts: Facts) -> None:
        self._host = host
        is_own = host.is_live() and host.root == "/"
        self._places = [place for one in engines() for place in one.changing(facts.get)] if is_own else []
        self._pauses = list(_PAUSES_S)

    def wait(self, *, since: float) -> bool:
        """Return whether a scan that began then must be repeated, after the necessary delay."""
        if not self._pauses or not self._has_moved(since - _BEFORE_S):
            return False
        time.sleep(self._pauses.pop(0))
        return True

    def _has_moved(self, since: float) -> bool:
        return any(self._changed(place) >= since for place in self._places)

    def _changed(self, place: HostPath) -> float:
        """Return the last change of a path in seconds since the epoch; 0.0 if it does not exist."""
        try:
            return self._host.lstat(place).mtime_ns / 1e9
        except HostError:
            return 0.0
