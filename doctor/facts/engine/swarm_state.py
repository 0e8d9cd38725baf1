"""Other files that a swarm node needs: certificate, key, raft log and assigned tasks."""

import time

from msgspec import Struct

from doctor.model.message import Explained
from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class DamagedFile(Struct, frozen=True, kw_only=True):
    """A file that the node can't read.

    Attributes:
        kind: ``pair`` (certificate or key), ``log`` or ``tasks``.
        path: the file.
        problem: what is wrong with it.
    """

    kind: str
    path: HostPath
    problem: str


class SwarmLog(Struct, frozen=True, kw_only=True):
    """The corrupt files of a node that has a certificate.

    Attributes:
        directory: ``swarm``.
        damaged: the files, in the order in which a start reads them.
        gaps: what could not be examined.
    """

    directory: HostPath
    damaged: tuple[DamagedFile, ...] = ()
    gaps: tuple[Missing, ...] = ()


class SwarmNode(Struct, frozen=True, kw_only=True):
    """The node. The fact is missing if the engine does not answer, or is in no swarm.

    Attributes:
        state: LocalNodeState: ``active``, ``pending``, ``error`` or ``locked``.
        error: the engine's reason, "" for none; credentials are masked.
        explained: the meaning of the reason; ``None`` if it is unknown.
        is_manager: whether it is a manager.
        managers: the managers that it knows.
        unreachable: the names of those that it can't reach.
    """

    state: str
    error: str = ""
    explained: Explained | None = None
    is_manager: bool = False
    managers: int = 0
    unreachable: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def has_no_quorum(self) -> bool:
        """Whether no majority of the managers is left, so that the swarm can't change anything."""
        return 0 < self.managers <= 2 * len(self.unreachable)


class SwarmCertificate(Struct, frozen=True, kw_only=True):
    """The validity of the node's certificate, in seconds since the epoch; 0.0 for a file that can't be decoded.

    Attributes:
        path: its file; ``now`` the host's time; ``written`` the time at which the file was written.
    """

    path: str
    not_before: float = 0.0
    not_after: float = 0.0
    now: float = 0.0
    written: float = 0.0

    @property
    def first_day(self) -> str:
        """Return the first day of its validity, in UTC."""
        return _day(self.not_before)

    @property
    def last_day(self) -> str:
        """Return the last day of its validity, in UTC."""
        return _day(self.not_after)

    @property
    def today(self) -> str:
        """Return the host's date."""
        return _day(self.now)

    @property
    def day_before(self) -> str:
        """Return the day before the last one."""
        return _day(self.not_after - 86_400)

    @property
    def is_expired(self) -> bool:
        """Whether it was valid once and no longer is."""
        return 0 < self.not_after < self.now

    @property
    def is_early(self) -> bool:
        """Whether the clock is before its first day, or before the file was written: the clock is wrong."""
        return 0 < self.now < max(self.not_before, self.written - 86_400)

    @property
    def early_for(self) -> str:
        """Return the day that the clock has not reached, with its meaning."""
        if self.now < self.not_before:
            return f"valid from {self.first_day}"
        return f"written on {_day(self.written)}"


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
