"""Whether the engine changed something while a scan looked.

A scan reads one thing after the other: processes, runtime states, layers, rules. A container that starts or goes between two of
these reads looks damaged: its runtime's state names a process that the earlier list has not. So an alarm counts where it was seen
in a look during which nothing moved, or again and again.
"""

import time

from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.plugins.engines import engines
from doctor.scan.resolve import Facts

_PAUSES_S = (0.2, 0.4, 0.8)
"""Waited before each further look: a container is made or started in less than a second."""
_BEFORE_S = 1.0
"""What changed so short before a look may have been a part of something longer."""


class Motion:
    """The places where each thing that an engine creates, starts or removes leaves a new time of change."""

    def __init__(self, host: Host, facts: Facts) -> None:
        self._host = host
        is_own = host.is_live() and host.root == "/"
        self._places = [place for one in engines() for place in one.changing(facts.get)] if is_own else []
        self._pauses = list(_PAUSES_S)

    def wait(self, *, since: float) -> bool:
        """Whether a look that began then has to be repeated; returns a moment later, when that may be done."""
        if not self._pauses or not self._has_moved(since - _BEFORE_S):
            return False
        time.sleep(self._pauses.pop(0))
        return True

    def _has_moved(self, since: float) -> bool:
        return any(self._changed(place) >= since for place in self._places)

    def _changed(self, place: HostPath) -> float:
        """Return when what is there changed last, in seconds since the epoch; 0.0 if there is nothing."""
        try:
            return self._host.lstat(place).mtime_ns / 1e9
        except HostError:
            return 0.0
