"""The first block of a thin pool's metadata: what tells without a device mapper whether the kernel would open the pool.

Source: drivers/md/dm-thin-metadata.c (struct thin_disk_superblock, sb_check), drivers/md/persistent-data/dm-block-manager.c.
"""

from struct import Struct as Layout

from doctor.formats.crc32c import crc32c

BLOCK_BYTES = 4096
_HEAD = Layout("<IIQ16sQIIQ")
_MAGIC = 27022010
_CHECKSUM_XOR = 160774
_NEEDS_CHECK = 1


def problem_of(block: bytes) -> str:
    """Return why the kernel would not open the pool, or why it would only read it; "" where it would use it.

    >>> problem_of(bytes(4096)), problem_of(b"LABELONE" * 512), problem_of(b"cut")
    ('its superblock is zeros', 'no superblock of a thin pool', 'only 3 bytes of a superblock of 4096')
    """
    if len(block) < BLOCK_BYTES:
        return f"only {len(block)} bytes of a superblock of {BLOCK_BYTES}"
    checksum, flags, number, _, magic, version, _, _ = _HEAD.unpack_from(block)
    if magic != _MAGIC:
        return "no superblock of a thin pool" if block.strip(b"\0") else "its superblock is zeros"
    if number:
        return f"its superblock says that it is block {number}"
    # The kernel's crc32c starts from all ones and has no inversion at the end.
    if (crc32c(block[4:BLOCK_BYTES]) ^ 0xFFFFFFFF ^ _CHECKSUM_XOR) != checksum:
        return "its superblock does not have its checksum"
    if version not in {1, 2}:
        return f"its format is {version}, and the kernel knows 1 and 2"
    return "it is marked as in need of a check, so the kernel only reads it" if flags & _NEEDS_CHECK else ""
