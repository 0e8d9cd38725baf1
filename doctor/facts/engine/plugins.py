"""Managed plugins of the engine (``docker plugin install``) on disk."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class BrokenPlugin(Struct, frozen=True, kw_only=True):
    """A plugin that the engine skips at its start.

    Attributes:
        id: 64 hex digits, the name of its directory.
        path: its ``config.json``; its settings may hold passwords and are not kept.
        problem: what is wrong with that file.
        is_missing: whether the file does not exist: a removal of the plugin was interrupted.
    """

    id: str
    path: HostPath
    problem: str
    is_missing: bool = False


class EnginePlugins(Struct, frozen=True, kw_only=True):
    """Directories in ``plugins`` whose config can't be read. ``gaps``: what could not be examined."""

    broken: tuple[BrokenPlugin, ...] = ()
    gaps: tuple[Missing, ...] = ()
