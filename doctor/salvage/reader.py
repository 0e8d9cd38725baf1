"""The interface between a salvage and an engine: what the engine has to give, and how it is read.

An engine's ``salvage`` returns a ``Salvage``. The salvage room chooses, proves and writes; it knows no place of any engine.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from msgspec import Struct

from doctor.facts.containers.containers import Container
from doctor.host.base import Host
from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.salvage.results import Left, Written
from doctor.salvage.target import Target
from doctor.salvage.volumes import Recipe

Progress = Callable[[str], None]


class SalvageRoot(Struct, frozen=True, kw_only=True):
    """The data root of a salvage.

    Attributes:
        path: its path on its host.
        engine: the engine's own id; without one, the number of the directory's inode.
    """

    path: str
    engine: str


class Salvageable(Protocol):
    """An image that can be chosen."""

    @property
    def id(self) -> str:
        """64 hex digits."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Its references."""
        ...


class Upper(Struct, frozen=True, kw_only=True):
    """One container's writable layer.

    Attributes:
        id: of the container; ``title`` is its display name, ``container`` its config if that is readable.
        driver: the storage driver, or containerd's snapshotter.
        directory: its place, "" if unknown; ``problem`` is then the reason.
        below: the directory it started from, if the driver keeps a full copy; "" if it keeps only changes.
        parent: chain ID of the layer below it, "" if unknown.
        has_marks: whether files named ``.wh.NAME`` mark removals.
        settings: files needed to recreate the container.
        is_unread: whether it could not be read.
    """

    id: str
    title: str
    container: Container | None = None
    driver: str
    directory: HostPath | None = None
    below: HostPath | None = None
    parent: str = ""
    has_marks: bool = False
    settings: tuple[HostPath, ...] = ()
    problem: str = ""
    is_unread: bool = False


class FoundVolume(Struct, frozen=True, kw_only=True):
    """A volume.

    Attributes:
        recipe: how to create it.
        directory: its files; ``None`` if it has none, with the reason in ``problem``.
        place: a remark on where its files are, if they are not in ``directory``.
        is_listed: whether the data root has a directory of this volume.
    """

    recipe: Recipe
    directory: HostPath | None = None
    place: str = ""
    problem: str = ""
    is_listed: bool = True


class FoundVolumes(Struct, frozen=True, kw_only=True):
    """The volumes of a data root; ``missing`` is the reason if they can't be listed at all."""

    items: tuple[FoundVolume, ...] = ()
    gaps: tuple[Missing, ...] = ()
    missing: Missing | None = None


class Reader:
    """Reads the data of one engine for a target that is open.

    Attributes:
        host: holds the directories.
        notes: remarks that came up while it read.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.notes: list[str] = []

    def prepare(self, images: Iterable[Salvageable]) -> None:
        """Find what the target has already, and refuse early if the space is not enough. Raises ``RefusedError``."""

    def image(self, image: Salvageable, *, take_unproven: bool) -> Written | Left:
        """Write one of the images, or say why it is left out."""
        raise NotImplementedError

    def volumes(self) -> FoundVolumes | None:
        """Return the volumes; ``None`` for an engine without volumes of its own."""
        return None

    def uppers(self) -> Iterator[Upper]:
        """Yield the writable layers of all containers."""
        yield from ()


class Salvage:
    """The data of one engine on one host.

    Attributes:
        engine: name of the engine.
        identity: identifies its data root; ``None`` if that is a part of another engine's.
        tops: directories beneath which nothing may be written.
        images: those that can be chosen, each with an id that no other one has.
        left: what can't be read; ``gaps`` are reads that failed.
        notes: remarks on the lists.
    """

    engine: str
    identity: SalvageRoot | None = None
    tops: tuple[HostPath, ...] = ()
    images: tuple[Salvageable, ...] = ()
    left: tuple[Left, ...] = ()
    gaps: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()

    @contextmanager
    def reading(self, target: Target, progress: Progress) -> Iterator[Reader]:
        """Open what has to be open while the data is read."""
        raise NotImplementedError(target, progress)
        yield
