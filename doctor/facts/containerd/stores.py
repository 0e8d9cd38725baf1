"""containerd's stores of images and snapshots: whether the databases list the contents of their directories."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class StoreDatabase(Struct, frozen=True, kw_only=True):
    """One database, and the directories that only it lists.

    Attributes:
        path: the file.
        problem: why it lists nothing (``no such file``, ``it is empty``, ``it has no records``); "" if it does, or
            if it is corrupt: then containerd does not start, or does not collect garbage.
        beside: directories with content that it should list.
    """

    path: HostPath
    problem: str = ""
    beside: tuple[HostPath, ...] = ()

    @property
    def is_lost(self) -> bool:
        """Whether containerd would collect everything beside it as garbage."""
        return bool(self.problem and self.beside)


class ContainerdStore(Struct, frozen=True, kw_only=True):
    """One containerd's directory.

    Attributes:
        top: the directory.
        contents: ``meta.db``, the list of contents and snapshot names in each namespace.
        snapshots: the overlayfs snapshotter's ``metadata.db``, the list of its directories.
    """

    top: HostPath
    contents: StoreDatabase
    snapshots: StoreDatabase


class ContainerdStores(Struct, frozen=True, kw_only=True):
    """The stores of the engine's own containerd and of a separate service; ``gaps``: what could not be examined."""

    items: tuple[ContainerdStore, ...]
    gaps: tuple[Missing, ...] = ()
