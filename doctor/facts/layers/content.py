"""Comparison of a layer directory with its tar: contents by digest, metadata by the tar headers (``--deep``)."""

from msgspec import Struct

from doctor.model.missing import Missing


class Altered(Struct, frozen=True, kw_only=True):
    """A file whose content differs from the layer's.

    Attributes:
        name: its path in the layer.
        why: what is wrong with it.
        size: its right size in bytes.
        crc: CRC-64 of its right content, b"" if the tar-split has none.
        copy: a file with the right content elsewhere in ``overlay2``, "" for none. With all copies in place the layer's
            tar has its digest.
    """

    name: bytes
    why: str
    size: int = 0
    crc: bytes = b""
    copy: str = ""


class LostEntry(Struct, frozen=True, kw_only=True):
    """An entry whose metadata differs from its tar header, and the right metadata. Its content is not compared here.

    Attributes:
        name: its path in the layer; for a whiteout without the prefix.
        why: what is wrong with it.
        kind: "file", "directory", "symlink", "hardlink", "char" ("block", "fifo" can't be recreated).
        exists: whether an entry of this kind exists: then only its attributes are set.
        mode: permission bits; ``uid`` and ``gid`` the owner on disk.
        mtime_ns: nanoseconds since 1970.
        link: target of a symlink, or path in the layer of the other name of a hard link.
        device: (major, minor).
        xattrs: attributes to set; ``None`` for an attribute to remove.
        is_restorable: whether a repair can restore it: not if a directory, another content or an unusual name prevents it.
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
    """The result of one layer.

    Attributes:
        chain: its chain ID; ``directory`` its name in ``overlay2``.
        diff_id: digest of the tar reassembled from tar-split and directory, "" if that failed.
        is_proven: whether that is the layer's diff ID.
        altered: files with another content, the first hundred; ``altered_count`` the number of all.
        confirmed: files of an unproven layer whose content has the checksum in the tar-split.
        unexamined: files that were not compared one by one, because checksums in Python are slow; 0 for a proven layer.
        lost: entries that are missing or differ from their header.
        extra: names that no header has, the first hundred; ``extra_count`` the number of all.
        split_problem: why the tar-split can't be used, "" if it can.
        bytes_read: bytes read from the directory.
        gap: why it could not be examined, "" if it was.
    """

    chain: str
    directory: str
    diff_id: str = ""
    is_proven: bool = False
    altered: tuple[Altered, ...] = ()
    altered_count: int = 0
    confirmed: int = 0
    unexamined: int = 0
    lost: tuple[LostEntry, ...] = ()
    extra: tuple[bytes, ...] = ()
    extra_count: int = 0
    split_problem: str = ""
    bytes_read: int = 0
    gap: str = ""

    @property
    def is_tied(self) -> bool:
        """Whether the tar-split certainly describes this directory: proven by the digest, or by the checksums of most files."""
        return self.is_proven or (self.confirmed > self.altered_count and not self.unexamined)

    @property
    def can_restore(self) -> bool:
        """Whether its headers are reliable enough to restore entries.

        A digest proves them, also one with copies in place of altered files. For a layer that can't be proven, the checksums
        of most of its files must match, and no unknown name may exist.
        """
        has_copies = bool(self.altered) and all(one.copy for one in self.altered)
        return self.is_proven or has_copies or (self.is_tied and not self.extra_count)

    @property
    def is_split_foreign(self) -> bool:
        """Whether every file matches the tar-split but the digest differs: its headers are not the layer's."""
        return bool(self.diff_id) and not (self.is_proven or self.altered_count or self.unexamined)


class LayerContent(Struct, frozen=True, kw_only=True):
    """All layers of valid images that have a directory and a tar-split, by chain ID, lowest first."""

    looks: dict[str, LayerLook]
    gaps: tuple[Missing, ...] = ()
