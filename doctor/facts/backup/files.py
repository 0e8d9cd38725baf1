"""What the metadata backup still has of files that are damaged or gone. Read only when a fixer asks."""

from typing import Annotated

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.secret import SECRET, Guarded


class KeptFile(Guarded, frozen=True, kw_only=True):
    """A whole file of the newest backup that has it whole.

    Attributes:
        content: its bytes; a container's settings hold secrets.
        mode: permission bits it had; ``uid`` and ``gid`` its owner.
        age: how old the backup is, in words ("of 2 days ago").
    """

    content: Annotated[bytes, SECRET]
    mode: int
    uid: int = 0
    gid: int = 0
    age: str


class KeptLayer(Struct, frozen=True, kw_only=True):
    """A layer's record, each text as it was; ``cache_id`` is the name of its directory in ``overlay2``."""

    diff: str
    cache_id: str
    size: str


class KeptMount(Struct, frozen=True, kw_only=True):
    """A container's mount record: its directory of ``overlay2``, and the digest of the layer it stands on ("" for none)."""

    mount_id: str
    parent: str


class MetadataBackup(Struct, frozen=True, kw_only=True):
    """The backup, as far as this root's damage asks for it.

    Attributes:
        age: of the newest backup, in words ("of 2 days ago").
        files: by their path on the host, for files that are damaged or missing.
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
    """``metadata.db`` of the newest backup: key → value, of volumes that are still here."""

    values: dict[bytes, bytes]
    age: str


class KeptTarSplits(Struct, frozen=True, kw_only=True):
    """tar-split files by chain ID, of layers that lost theirs."""

    items: dict[str, KeptFile]


class DeepTarSplits(Struct, frozen=True, kw_only=True):
    """tar-split files by chain ID, of layers whose own one can't be read (``--deep``)."""

    items: dict[str, KeptFile]
