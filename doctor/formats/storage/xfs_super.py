"""Reads the superblock of XFS: overlay needs directories that keep file types."""

import struct

from msgspec import Struct

from doctor.model.errors import FormatError

SIZE = 264
"""How many bytes from the start of the device are needed."""


class XfsSuper(Struct, frozen=True, kw_only=True):
    """Fields of the superblock.

    Attributes:
        version: 4 or 5.
        block_size: in bytes.
        has_ftype: directory entries keep the type of their file (d_type): overlay2 needs it.
    """

    version: int
    block_size: int
    has_ftype: bool


def parse(data: bytes) -> XfsSuper:
    """The superblock at the start of a device; all numbers are big-endian.

    Source: Linux, fs/xfs/libxfs/xfs_format.h (struct xfs_dsb): version at 100, features2 at 200, incompat at 216.

    Raises:
        FormatError: too short, or not XFS.

    >>> head = b"XFSB" + (4096).to_bytes(4, "big") + bytes(92) + (0xB4A5).to_bytes(2, "big")
    >>> parse(head + bytes(114) + (1).to_bytes(4, "big") + bytes(44)).has_ftype
    True
    """
    if len(data) < SIZE or data[:4] != b"XFSB":
        raise FormatError("not an XFS superblock", where="byte 0")
    (block_size,) = struct.unpack_from(">I", data, 4)
    version = struct.unpack_from(">H", data, 100)[0] & 0xF
    if version not in {4, 5} or block_size < 512 or block_size & (block_size - 1):
        raise FormatError(f"not an XFS superblock: version {version}, blocks of {block_size} bytes", where="byte 100")
    (features2,) = struct.unpack_from(">I", data, 200)
    (incompatible,) = struct.unpack_from(">I", data, 216)
    has_ftype = bool(incompatible & 1) if version == 5 else bool(features2 & 0x200)
    return XfsSuper(
        version=version,
        block_size=block_size,
        has_ftype=has_ftype,
    )
