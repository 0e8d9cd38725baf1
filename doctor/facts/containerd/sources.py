"""Sources from which corrupt contents and snapshots of containerd can be recreated. Read only when a fixer asks."""

from msgspec import Struct

from doctor.facts.layers.content import LostEntry
from doctor.model.paths import HostPath


class BlobSource(Struct, frozen=True, kw_only=True):
    """A valid copy of a corrupt or missing content, verified by its digest, and its origin."""

    content: bytes
    origin: str


class BlobSources(Struct, frozen=True, kw_only=True):
    """By path of the content; only small ones are searched for. Read only when a fixer asks."""

    items: dict[HostPath, BlobSource]


class DeepBlobSources(Struct, frozen=True, kw_only=True):
    """The same for contents that only ``--deep`` finds corrupt."""

    items: dict[HostPath, BlobSource]


class Unpacked(Struct, frozen=True, kw_only=True):
    """The entries that must be written so that a snapshot equals its layer, from a blob with a valid digest.

    Attributes:
        entries: the entries in the order of the tar.
        contents: the contents of the files, by name.
        problem: why it can't be recreated, "" if it can.
    """

    entries: tuple[LostEntry, ...] = ()
    contents: dict[bytes, bytes] = {}
    problem: str = ""


class SnapshotSources(Struct, frozen=True, kw_only=True):
    """By path of a snapshot's missing ``fs``. Read only when a fixer asks."""

    items: dict[HostPath, Unpacked]


class DeepSnapshotSources(Struct, frozen=True, kw_only=True):
    """The same for snapshots that only ``--deep`` finds altered."""

    items: dict[HostPath, Unpacked]
