"""Copies in the metadata backup of files that are corrupt or missing. Read only when a fixer asks."""

from typing import Annotated

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.secret import SECRET, Guarded


class KeptFile(Guarded, frozen=True, kw_only=True):
    """The valid copy of a file from the newest backup that has one.

    Attributes:
        content: its bytes; a container's settings hold secrets.
        mode: its permission bits; ``uid`` and ``gid`` its owner.
        age: how old the backup is, in words ("of 2 days ago").
    """

    content: Annotated[bytes, SECRET]
    mode: int
    uid: int = 0
    gid: int = 0
    age: str


class KeptLayer(Struct, frozen=True, kw_only=True):
    """A layer record; ``cache_id`` is the name of the layer directory."""

    cache_id: str
    size: str


class KeptMount(Struct, frozen=True, kw_only=True):
    """A mount record: the name of the layer directory, and the chain ID of the layer below ("" for none)."""

    mount_id: str
    parent: str


class MetadataBackup(Struct, frozen=True, kw_only=True):
    """The part of the backup that is needed to repair this root.

    Attributes:
        age: of the newest backup, in words ("of 2 days ago").
        files: by their path on the host, for files that are corrupt or missing.
        layers: records by chain ID.
        mounts: mount records by container id.
        gaps: what could not be examined.
    """

    age: str
    files: dict[HostPath, KeptFile]
    layers: dict[str, KeptLayer]
    mounts: dict[str, KeptMount]
    gaps: tuple[Missing, ...] = ()


class KeptVolumes(Struct, frozen=True, kw_only=True):
    """``metadata.db`` of the newest backup: key → value, of volumes that still exist."""

    values: dict[bytes, bytes]
    age: str


class KeptTarSplits(Struct, frozen=True, kw_only=True):
    """tar-split files by chain ID, of layers whose own is missing."""

    items: dict[str, KeptFile]


class DeepTarSplits(Struct, frozen=True, kw_only=True):
    """tar-split files by chain ID, of layers whose own can't be read (``--deep``)."""

    items: dict[str, KeptFile]
