"""The loopback thin pool of the devicemapper storage driver (removed in 25.0), as far as it can be read while not open."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class ThinPool(Struct, frozen=True, kw_only=True):
    """One pool.

    Attributes:
        metadata: the metadata file; ``data`` the file with the blocks.
        problem: why the kernel would refuse it, "" if the superblock is valid.
        data_blocks: number of blocks of 64 KiB in the data file, 0 if it is missing.
        is_gone: whether both files are missing, from a pool of files that existed.
        held: a deleted file → the loop device that still has it.
        transaction: the last transaction recorded by the driver, -1 for none.
        gaps: what could not be examined.
    """

    metadata: HostPath
    data: HostPath
    problem: str = ""
    data_blocks: int = 0
    is_gone: bool = False
    held: dict[str, str] = {}
    transaction: int = -1
    gaps: tuple[Missing, ...] = ()
