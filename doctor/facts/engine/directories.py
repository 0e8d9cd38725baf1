"""Directories that a running engine needs and that it creates only at its start."""

from msgspec import Struct

from doctor.facts.engine.details import GoneDirectory, LostState
from doctor.model.missing import Missing


class EngineDirectories(Struct, frozen=True, kw_only=True):
    """The missing ones; nothing is judged while no engine runs.

    Attributes:
        gone: directories that can be recreated empty.
        lost: states of containers, which can't be recreated.
        gaps: what could not be examined.
    """

    gone: tuple[GoneDirectory, ...] = ()
    lost: tuple[LostState, ...] = ()
    gaps: tuple[Missing, ...] = ()
