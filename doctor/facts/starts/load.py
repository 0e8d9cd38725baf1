"""How busy this host is: a start takes longer then, and is given more time."""

from msgspec import Struct

_BUSY = 2.0
_USUAL_S, _BUSY_S = 5.0, 10.0
_SLOW = 0.4
"""The part of the limit after which a start is slow: twice in a row, no busy disk explains it."""


class HostLoad(Struct, frozen=True, kw_only=True):
    """Processes that run or wait for a disk, on average over the last minute, and the processors."""

    load: float
    processors: int

    @property
    def limit_s(self) -> float:
        """Return the time limit of a start. It takes 0.2 s on an idle host, and 2 s on a small one with a slow disk.

        >>> HostLoad(load=0.5, processors=2).limit_s, HostLoad(load=9.0, processors=2).limit_s
        (5.0, 10.0)
        """
        return _BUSY_S if self.load > _BUSY * self.processors else _USUAL_S

    @property
    def slow_s(self) -> float:
        """Return after how many seconds a start is called slow."""
        return self.limit_s * _SLOW
