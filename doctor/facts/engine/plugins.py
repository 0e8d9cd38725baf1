"""Managed plugins of the engine (``docker plugin install``) as they lie on disk."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class BrokenPlugin(Struct, frozen=True, kw_only=True):
    """A plugin that the engine skips at its start.

    Attributes:
        id: 64 hex digits, the name of its directory.
        path: its ``config.json``; the settings in it may hold passwords and are not kept.
        problem: what is wrong with that file.
        is_missing: whether there is none: then a removal of the plugin stopped half-way.
    """

    id: str
    path: HostPath
    problem: str
    is_missing: bool = False


class EnginePlugins(Struct, frozen=True, kw_only=True):
    """The directories in ``plugins`` whose config can't be read; ``count`` of all. ``gaps``: what could not be examined."""

    count: int = 0
    broken: tuple[BrokenPlugin, ...] = ()
    gaps: tuple[Missing, ...] = ()
