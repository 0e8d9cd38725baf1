"""From what damaged contents and snapshots of containerd can be recreated. Read only when a fixer asks."""

from msgspec import Struct

from doctor.facts.layers.content import Lost
from doctor.model.paths import HostPath


class BlobSource(Struct, frozen=True, kw_only=True):
    """A copy of a damaged or lost content that has the hash of its name, and where it comes from."""

    content: bytes
    origin: str


class BlobSources(Struct, frozen=True, kw_only=True):
    """By path of the content; only small ones are looked for. Read only when a fixer asks."""

    items: dict[HostPath, BlobSource]


class DeepBlobSources(Struct, frozen=True, kw_only=True):
    """The same of contents that only ``--deep`` finds damaged."""

    items: dict[HostPath, BlobSource]


class Unpacked(Struct, frozen=True, kw_only=True):
    """What must be made so that a snapshot is its layer again, out of a blob that has its digest.

    Attributes:
        entries: in the order of the tar.
        contents: of the files among them, by name.
        problem: why it can't be made, "".
    """

    entries: tuple[Lost, ...] = ()
    contents: dict[bytes, bytes] = {}
    problem: str = ""


class SnapshotSources(Struct, frozen=True, kw_only=True):
    """By path of the ``fs`` of a snapshot that is gone. Read only when a fixer asks."""

    items: dict[HostPath, Unpacked]


class DeepSnapshotSources(Struct, frozen=True, kw_only=True):
    """The same of snapshots that only ``--deep`` finds altered."""

    items: dict[HostPath, Unpacked]
