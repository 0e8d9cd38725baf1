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
        source: the file with the limit of a control group above it, "" for none; ``bytes`` that limit.
    """

    own: int = 0
    source: str = ""
    bytes: int = 0

    @property
    def text(self) -> str:
        """Its name. Of two limits the smaller one is reached first; without any, the host has no memory left."""
        if self.own and not (self.source and self.bytes < self.own):
            return f"its own limit of {_size(self.own)}"
        if self.source:
            return f"the limit of {_size(self.bytes)} of the control group above it ({self.source.rpartition('/')[0]})"
        return "it has no limit, so the memory of the host"


class MemoryLimits(Struct, frozen=True, kw_only=True):
    """The smallest limit above each starved container, by container id. Empty on a healthy host."""

    above: dict[str, tuple[str, int]] = {}
    gaps: tuple[Missing, ...] = ()

    def of(self, one: Container) -> Limit:
        """Return the limit that a container reached."""
        source, count = self.above.get(one.id, ("", 0))
        own = one.host.memory_bytes if one.host is not None else 0
        return Limit(own=own, source=source, bytes=count)


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
