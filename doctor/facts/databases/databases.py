"""The bolt databases of the engine: contents and problems."""

from typing import Annotated

from msgspec import Struct, field

from doctor.facts.containerd.items import FlawedItem
from doctor.formats.databases.bolt import Bucket, Database
from doctor.formats.databases.bolt_flip import BitFlip
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.secret import SECRET, Guarded


class BoltFile(Struct, frozen=True, kw_only=True):
    """One database file.

    Attributes:
        path: its path, whether it exists or not.
        status: ``ok``; ``absent``; ``empty`` (bolt silently creates a new one); ``broken``.
        problem: what is wrong with a corrupt one.
        size_bytes: size of the file.
        device: st_dev of the file; with ``inode`` it identifies its lock in /proc/locks.
        database: its generations, ``None`` if no meta page is valid.
        flip: the flipped bit that makes bolt open the older of its two states, ``None`` for none.
    """

    path: HostPath
    status: str
    problem: str = ""
    size_bytes: int = 0
    device: int = 0
    inode: int = 0
    database: Database | None = None
    flip: BitFlip | None = None

    @property
    def is_rolled_back(self) -> bool:
        """Whether the engine opens it, but silently at the state before its last change."""
        return self.status == "ok" and self.flip is not None

    @property
    def is_broken(self) -> bool:
        """Whether the engine can't open it."""
        return self.status == "broken"

    @property
    def is_lost(self) -> bool:
        """Whether the engine would create an empty one in its place."""
        return self.status in {"absent", "empty"}

    @property
    def root(self) -> Bucket | None:
        """The newest valid tree, ``None`` if no tree is valid."""
        best = self.database.best if self.database is not None else None
        return None if best is None else best.root

    @property
    def remedy(self) -> str:
        """The possible repair of the file itself: ``meta``, ``freelist``, ``older`` (its other generation is valid), or ""."""
        if self.flip is not None:
            return "meta"
        generations = self.database.generations if self.database is not None else ()
        if not self.is_broken or not generations:
            return ""
        if generations[0].is_clean:
            return "freelist"
        return "older" if any(generation.is_clean for generation in generations) else ""


MENDS = {
    "meta": "correct one flipped bit of its meta page",
    "freelist": "rebuild its free list",
    "older": "fall back to its last valid state",
}
"""The repair in words, by ``BoltFile.remedy``."""

_STATES = {
    "meta": "the newest state; one bit of a meta page is flipped",
    "freelist": "the newest state",
    "older": "the state before the newest",
    "": "none",
}


def about(file: BoltFile) -> tuple[Evidence, ...]:
    """Return the evidence on a database that is corrupt, or that bolt opens at an older state."""
    problem = file.problem or "its newer meta page has a wrong checksum: the engine falls back to the older one"
    return Evidence(file.path, problem), Evidence("its last valid state", _STATES[file.remedy])


class NetworkRecord(Struct, frozen=True, kw_only=True):
    """A network in local-kv.db."""

    id: str
    name: str
    driver: str


class NetworkDatabase(Struct, frozen=True, kw_only=True):
    """``network/files/local-kv.db``, libnetwork's store.

    Attributes:
        file: the file.
        networks: by id, from the newest valid tree.
        salvaged: key → value (with its index) from leaf pages of a corrupt file, the newest of each.
        gaps: what could not be examined.
    """

    file: BoltFile
    networks: dict[str, NetworkRecord] = {}
    salvaged: dict[bytes, bytes] = {}
    gaps: tuple[Missing, ...] = ()


class VolumeRecord(Guarded, frozen=True, kw_only=True):
    """A volume in metadata.db: options are mount options of the local driver (they may hold a password and are never shown)."""

    name: str
    driver: str
    labels: Annotated[dict[str, str], SECRET] = field(default_factory=dict)
    options: Annotated[dict[str, str], SECRET] = field(default_factory=dict)


class VolumeDatabase(Struct, frozen=True, kw_only=True):
    """``volumes/metadata.db``: driver, labels and options of volumes.

    Attributes:
        file: the file.
        records: by name, from the newest valid tree.
        salvaged: key → value from leaf pages of a corrupt file.
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
    """``meta.db`` of a containerd that runs as a separate service.

    Attributes:
        file: the file.
        directory: the directory that holds it.
        holds_images: whether image contents or snapshots exist beside it, also those of other clients (Kubernetes).
        flawed: items of its newest valid tree that no containerd writes.
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
        holds_images: whether image contents or snapshots exist beside it (the containerd image store): then the database
            is the only list of them, and without it the next garbage collection deletes them.
        flawed: items of its newest valid tree that no containerd writes.
        gaps: what could not be examined.
    """

    file: BoltFile
    directory: HostPath
    holds_images: bool
    flawed: tuple[FlawedItem, ...] = ()
    gaps: tuple[Missing, ...] = ()
