"""Directories that a running engine needs and creates at its start only."""

from msgspec import Struct

from doctor.facts.engine.details import GoneDirectory, LostState
from doctor.model.missing import Missing


class EngineDirectories(Struct, frozen=True, kw_only=True):
    """What of them is gone; nothing is judged while no engine runs.

    Attributes:
        gone: directories that can be created again, empty.
        lost: states of containers, which nothing creates again.
        gaps: what could not be examined.
    """

    gone: tuple[GoneDirectory, ...] = ()
    lost: tuple[LostState, ...] = ()
    gaps: tuple[Missing, ...] = ()
