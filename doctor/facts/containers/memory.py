"""Which memory limit a container reached."""

import re

from msgspec import Struct

from doctor.facts.containers.containers import Container
from doctor.facts.containers.loops import RestartLoops
from doctor.model.missing import Missing

_TOO_SMALL = r"unable to set memory limit to \d+ \(|possibly OOM-killed|was OOM-killed \(memory limit too low"


class Limit(Struct, frozen=True, kw_only=True):
    """The limit.

    Attributes:
        own: of the container itself, in bytes; 0 for none.
        source: the file or the control group with a limit above it, "" for none; ``bytes`` that limit, 0 if unknown.
        kind: ``own``, ``group``, ``host``, or "" if that was not seen.
    """

    own: int = 0
    source: str = ""
    bytes: int = 0
    kind: str = ""

    @property
    def reached(self) -> str:
        """Which one it was: as the kernel reported, else of two limits the smaller one, and without any that of the host."""
        if self.kind:
            return self.kind
        if self.own and not (self.source and self.bytes < self.own):
            return "own"
        return "group" if self.source else "host"

    @property
    def text(self) -> str:
        """Its name and what happened to it."""
        if self.reached == "own":
            return f"its own limit of {_size(self.own)} was reached"
        if self.reached == "group":
            size = f" of {_size(self.bytes)}" if self.bytes else ""
            return f"the limit{size} of the control group above it ({self.source}) was reached"
        return "the host had no memory left"


class MemoryLimits(Struct, frozen=True, kw_only=True):
    """The limits of each starved container, by container id. Empty on a healthy host.

    Attributes:
        above: the file of the smallest limit above it, and that limit.
        killed: what the kernel reported of its latest kill: the control group whose limit was reached ("" for the whole host) and
            that limit.
        gaps: what could not be examined.
    """

    above: dict[str, tuple[str, int]] = {}
    killed: dict[str, tuple[str, int]] = {}
    gaps: tuple[Missing, ...] = ()

    def of(self, one: Container) -> Limit:
        """Return the limit that a container reached."""
        source, count = self.above.get(one.id, ("", 0))
        own = one.host.memory_bytes if one.host is not None else 0
        if one.id not in self.killed:
            return Limit(own=own, source=source, bytes=count)
        group, limit = self.killed[one.id]
        if one.id in group:
            return Limit(own=limit or own, kind="own")
        return Limit(own=own, source=group, bytes=limit, kind="group" if group else "host")


def is_starved(one: Container, loops: RestartLoops | Missing | None = None) -> bool:
    """Whether a container that should run was killed for lack of memory, or its limit is too small for its start.

    The engine forgets ``OOMKilled`` at the next start: of a container that runs again its events are the record.
    """
    if not one.should_run:
        return False
    if isinstance(loops, RestartLoops) and one.id in loops.starved:
        return True
    return one.state.oom_killed or (one.has_failed_start and re.search(_TOO_SMALL, one.state.error) is not None)


def _size(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count / (1 << 20):.1f} MiB"
