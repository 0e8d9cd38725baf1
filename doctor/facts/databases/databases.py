"""The bolt databases of the engine: what each holds, and what is wrong with it."""

from typing import Annotated

from msgspec import Struct, field

from doctor.facts.containerd.items import FlawedItem
from doctor.formats.databases.bolt import Bucket, Database
from doctor.formats.databases.bolt_flip import Flip
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.secret import SECRET, Guarded

BUILDKIT_FILES = ("cache.db", "containerdmeta.db", "history.db", "metadata_v2.db", "snapshots.db")
"""BuildKit's databases, which refer to each other."""


class BoltFile(Struct, frozen=True, kw_only=True):
    """One database file.

    Attributes:
        path: where it is or would be.
        status: ``ok``; ``absent``; ``empty`` (bolt makes a new one without a word); ``broken``.
        problem: what is wrong with a broken one.
        is_file: whether a regular file is there.
        size_bytes: of the file.
        device: st_dev of the file, ``inode`` its number: the name of its lock in /proc/locks.
        database: its generations, ``None`` if no meta page is valid.
        flip: the bit for which bolt takes the older of its two states, though the newer one is there; ``None`` if it doesn't.
    """

    path: HostPath
    status: str
    problem: str = ""
    is_file: bool = False
    size_bytes: int = 0
    device: int = 0
    inode: int = 0
    database: Database | None = None
    flip: Flip | None = None

    @property
    def is_rolled_back(self) -> bool:
        """Whether the engine opens it, and silently goes back to the state before its last change."""
        return self.status == "ok" and self.flip is not None

    @property
    def is_broken(self) -> bool:
        """Whether the engine can't open it."""
        return self.status == "broken"

    @property
    def is_lost(self) -> bool:
        """Whether the engine would make an empty one in its place."""
        return self.status in {"absent", "empty"}

    @property
    def root(self) -> Bucket | None:
        """The newest whole tree, ``None`` if there is none."""
        best = self.database.best if self.database is not None else None
        return None if best is None else best.root

    @property
    def remedy(self) -> str:
        """How the file itself can be mended: ``meta``, ``freelist``, ``older`` (its other generation is whole), or ""."""
        if self.flip is not None:
            return "meta"
        generations = self.database.generations if self.database is not None else ()
        if not self.is_broken or not generations:
            return ""
        if generations[0].is_clean:
            return "freelist"
        return "older" if any(generation.is_clean for generation in generations) else ""


MENDS = {
    "meta": "flip one bit of its meta page back",
    "freelist": "rebuild its free list",
    "older": "fall back to its last whole state",
}
"""How a repair mends it, by ``BoltFile.remedy``."""

_STATES = {
    "meta": "the newest, one bit of a meta page is flipped",
    "freelist": "the newest",
    "older": "the one before",
    "": "none",
}


def about(file: BoltFile) -> tuple[Evidence, ...]:
    """Return what was seen of a database that is broken, or that bolt opens at an older state."""
    problem = file.problem or "its newer meta page has a wrong checksum: the engine falls back to the older one"
    return Evidence(file.path, problem), Evidence("its last whole state", _STATES[file.remedy])


class NetworkRecord(Struct, frozen=True, kw_only=True):
    """A network in local-kv.db."""

    id: str
    name: str
    driver: str


class NetworkDatabase(Struct, frozen=True, kw_only=True):
    """``network/files/local-kv.db``, libnetwork's store.

    Attributes:
        file: the file.
        networks: by id, of the newest whole tree.
        salvaged: key → value (with its index) that leaf pages of a broken file still hold, the newest of each.
        gaps: what could not be examined.
    """

    file: BoltFile
    networks: dict[str, NetworkRecord] = {}
    salvaged: dict[bytes, bytes] = {}
    gaps: tuple[Missing, ...] = ()


class VolumeRecord(Guarded, frozen=True, kw_only=True):
    """A volume in metadata.db: options are mount options of the local driver (they may hold a password: never shown)."""

    name: str
    driver: str
    labels: dict[str, str] = field(default_factory=dict)
    options: Annotated[dict[str, str], SECRET] = field(default_factory=dict)


class VolumeDatabase(Struct, frozen=True, kw_only=True):
    """``volumes/metadata.db``: driver, labels and options of volumes.

    Attributes:
        file: the file.
        records: by name, of the newest whole tree.
        salvaged: key → value that leaf pages of a broken file still hold.
        gaps: what could not be examined.
    """

    file: BoltFile
    records: dict[str, VolumeRecord] = {}
    salvaged: dict[bytes, bytes] = {}
    gaps: tuple[Missing, ...] = ()


class BuildkitDatabases(Struct, frozen=True, kw_only=True):
    """The five databases of ``buildkit/``.

    Attributes:
        directory: ``buildkit``.
        files: by name.
        flawed: (key, value) in ``metadata_v2.db`` that the engine can't decode at its start.
        gaps: what could not be examined.
    """

    directory: HostPath
    files: dict[str, BoltFile]
    flawed: tuple[tuple[bytes, bytes], ...] = ()
    gaps: tuple[Missing, ...] = ()

    def broken(self) -> tuple[BoltFile, ...]:
        """Return the files that stop the engine."""
        return tuple(file for file in self.files.values() if file.is_broken)


class ServiceDatabase(Struct, frozen=True, kw_only=True):
    """``meta.db`` of a containerd that is a service of its own.

    Attributes:
        file: the file.
        directory: the directory that holds it.
        holds_images: whether image contents or snapshots lie beside it, those of other clients (Kubernetes) among them.
        flawed: what in its newest whole tree no containerd writes so.
        gaps: what could not be examined.
    """

    file: BoltFile
    directory: HostPath
    holds_images: bool
    flawed: tuple[FlawedItem, ...] = ()
    gaps: tuple[Missing, ...] = ()


class ContainerdDatabase(Struct, frozen=True, kw_only=True):
    """``meta.db`` of the engine's own containerd.

    Attributes:
        file: the file.
        directory: the directory that holds it.
        holds_images: whether image contents or snapshots lie beside it (the containerd image store): then the database
            is the only list of them, and its loss lets the next garbage collection delete them.
        flawed: what in its newest whole tree no containerd writes so.
        gaps: what could not be examined.
    """

    file: BoltFile
    directory: HostPath
    holds_images: bool
    flawed: tuple[FlawedItem, ...] = ()
    gaps: tuple[Missing, ...] = ()
