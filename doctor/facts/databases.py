"""The bolt databases of the engine: what each holds, and what is wrong with it."""

from typing import Annotated

from msgspec import Struct, field

from doctor.formats.bolt import Bucket, Database
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
        database: its generations, ``None`` where no meta page is valid.
    """

    path: HostPath
    status: str
    problem: str = ""
    is_file: bool = False
    size_bytes: int = 0
    device: int = 0
    inode: int = 0
    database: Database | None = None

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
        """The newest whole tree, ``None`` where there is none."""
        best = self.database.best if self.database is not None else None
        return None if best is None else best.root

    @property
    def remedy(self) -> str:
        """How the file itself can be mended: ``freelist``, ``older`` (its other generation is whole), or ""."""
        generations = self.database.generations if self.database is not None else ()
        if not self.is_broken or not generations:
            return ""
        if generations[0].is_clean:
            return "freelist"
        return "older" if any(generation.is_clean for generation in generations) else ""


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
        gaps: what could not be looked at.
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
        gaps: what could not be looked at.
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
        gaps: what could not be looked at.
    """

    directory: HostPath
    files: dict[str, BoltFile]
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
        gaps: what could not be looked at.
    """

    file: BoltFile
    directory: HostPath
    holds_images: bool
    gaps: tuple[Missing, ...] = ()


class ContainerdDatabase(Struct, frozen=True, kw_only=True):
    """``meta.db`` of the engine's own containerd.

    Attributes:
        file: the file.
        directory: the directory that holds it.
        holds_images: whether image contents or snapshots lie beside it (the containerd image store): then the database
            is the only list of them, and its loss lets the next garbage collection delete them.
        gaps: what could not be looked at.
    """

    file: BoltFile
    directory: HostPath
    holds_images: bool
    gaps: tuple[Missing, ...] = ()
