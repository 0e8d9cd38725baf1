"""What a layer's directory holds, against its tar: contents by digest, everything else by the headers (``--deep``)."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class Altered(Struct, frozen=True, kw_only=True):
    """A file whose content is not the layer's.

    Attributes:
        name: its path in the layer.
        why: what is wrong with it.
        size: bytes that it must have.
        crc: CRC-64 of its right content, b"" if the tar-split keeps none.
        copy: a file with the right content elsewhere in ``overlay2``, "" if there is none. With all copies in place the
            layer's tar has its digest.
    """

    name: bytes
    why: str
    size: int = 0
    crc: bytes = b""
    copy: str = ""


class Lost(Struct, frozen=True, kw_only=True):
    """An entry that is not what its tar header says, and what it must be. Its content, if it has any, is not meant.

    Attributes:
        name: its path in the layer; that of a whiteout without its prefix.
        why: what is wrong with it.
        kind: "file", "directory", "symlink", "hardlink", "char" ("block", "fifo" can't be recreated).
        exists: whether something of this kind is there: then only its attributes are set.
        mode: permission bits; ``uid`` and ``gid`` the owner on disk.
        mtime_ns: nanoseconds since 1970.
        link: target of a symlink, or the path in the layer that a hard link joins.
        device: (major, minor).
        xattrs: what to set; ``None`` stands for an attribute to remove.
        is_restorable: whether a repair can make it so: not where a directory, another content or an unusual name is in the
            way.
    """

    name: bytes
    why: str
    kind: str
    exists: bool
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    link: bytes = b""
    device: tuple[int, int] = (0, 0)
    xattrs: dict[str, bytes | None] = {}
    is_restorable: bool = True


class LayerLook(Struct, frozen=True, kw_only=True):
    """One layer, looked at.

    Attributes:
        chain: its chain ID; ``directory`` its place in ``overlay2``.
        diff_id: digest of the tar that tar-split and directory make, "" if none could be made.
        is_proven: whether that is the layer's diff ID.
        altered: files with another content, the first hundred; ``altered_count`` of how many.
        confirmed: files of a layer that is not proven whose content has the checksum that tar-split tells.
        unexamined: files that were not compared one by one, since checksums in Python are slow; 0 for a proven layer.
        lost: entries whose headers say otherwise.
        extra: names that no header has, the first hundred; ``extra_count`` of how many.
        split_problem: why the tar-split can't be used, "".
        bytes_read: how much of the directory was read.
        gap: why it could not be looked at, "".
    """

    chain: str
    directory: str
    diff_id: str = ""
    is_proven: bool = False
    altered: tuple[Altered, ...] = ()
    altered_count: int = 0
    confirmed: int = 0
    unexamined: int = 0
    lost: tuple[Lost, ...] = ()
    extra: tuple[bytes, ...] = ()
    extra_count: int = 0
    split_problem: str = ""
    bytes_read: int = 0
    gap: str = ""

    @property
    def is_tied(self) -> bool:
        """Whether the tar-split surely describes this directory: the digest says so, or most files' checksums do."""
        return self.is_proven or (self.confirmed > self.altered_count and not self.unexamined)

    @property
    def can_restore(self) -> bool:
        """Whether its headers are good enough to change entries by them.

        A digest proves them, also one with copies in place of altered files; of a layer that can't be proven any more, the
        checksums of most of its files and no name too many must show that they are of this very layer.
        """
        has_copies = bool(self.altered) and all(one.copy for one in self.altered)
        return self.is_proven or has_copies or (self.is_tied and not self.extra_count)

    @property
    def is_split_foreign(self) -> bool:
        """Whether every file is as tar-split says and the digest is another: its headers are not the layer's."""
        return bool(self.diff_id) and not (self.is_proven or self.altered_count or self.unexamined)


class LayerContent(Struct, frozen=True, kw_only=True):
    """All layers of sound images that have a directory and a tar-split, by chain ID, lowest first."""

    looks: dict[str, LayerLook]
    overlay2: HostPath
    gaps: tuple[Missing, ...] = ()
