"""The loopback thin pool of the devicemapper storage driver (gone since 25.0), as far as it tells while nothing has it open."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class ThinPool(Struct, frozen=True, kw_only=True):
    """One pool.

    Attributes:
        metadata: the file with its metadata; ``data`` the one with the blocks.
        problem: why the kernel would not use it, "" if the superblock is whole.
        data_blocks: blocks of 64 KiB that the data file has, 0 if it is gone.
        transaction: the one that the driver last noted, -1 if it didn't.
        gaps: what could not be examined.
    """

    metadata: HostPath
    data: HostPath
    problem: str = ""
    data_blocks: int = 0
    transaction: int = -1
    gaps: tuple[Missing, ...] = ()
