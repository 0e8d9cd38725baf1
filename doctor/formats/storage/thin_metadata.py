"""Reads the metadata of a device-mapper thin pool, in user space: the blocks of the pool that each device maps.

Sources: kernel drivers/md/dm-thin-metadata.c (superblock, two-level mapping tree, device details) and
drivers/md/persistent-data/dm-btree-internal.h (nodes). All numbers are little-endian; a metadata block has 4,096 bytes and
a CRC-32C. Blocks without a valid checksum are rejected, and no node is visited twice.
"""

import struct
from collections.abc import Callable, Iterator
from itertools import pairwise

from msgspec import Struct

from doctor.formats.crc import crc32c
from doctor.model.errors import FormatError

BLOCK_BYTES = 4096
SECTOR_BYTES = 512
_MAGIC = 27022010
_SUPERBLOCK = struct.Struct("<IIQ16sQIIQQ128s128sQQIIQ")
_NODE = struct.Struct("<IIQIIII")
_DETAILS = struct.Struct("<QQII")
_SUPERBLOCK_XOR = 160774
_NODE_XOR = 121107
_INTERNAL = 1
_LEAF = 2
_NEEDS_CHECK = 1
_TIME_BITS = 24
_MAX_DEPTH = 12
_MAX_DEVICES = 1 << 20
_MAX_ERRORS = 20

Read = Callable[[int], bytes]
"""Returns a metadata block by its number; fewer bytes at the end of the file."""


class ThinDevice(Struct, frozen=True, kw_only=True):
    """One thin device.

    Attributes:
        id: its number.
        root: block of its mappings' tree.
        mapped_blocks: how many blocks it has by its own record, -1 if the record is lost.
    """

    id: int
    root: int
    mapped_blocks: int = -1


class Superblock(Struct, frozen=True, kw_only=True):
    """Block 0.

    Attributes:
        needs_check: whether the kernel found damage and refuses the pool until it was checked.
        transaction: number of the last transaction.
        mapping_root: block of the tree device → tree of its mappings; ``details_root`` of that of the devices' records.
        block_bytes: size of a block of the pool.
    """

    needs_check: bool
    transaction: int
    mapping_root: int
    details_root: int
    block_bytes: int


class ThinNode(Struct, frozen=True, kw_only=True):
    """A node of a tree: ``values`` are child blocks of an inner one."""

    is_leaf: bool
    keys: tuple[int, ...]
    values: tuple[bytes, ...]


def checksum(block: bytes) -> int:
    """Return the kernel's CRC-32C of a block without its first four bytes: initial value all ones, not inverted at the
    end.
    """
    return crc32c(block[4:BLOCK_BYTES]) ^ 0xFFFFFFFF


def problem_of(block: bytes) -> str:
    """Return why the kernel would refuse a pool with this block 0, or open it read-only; "" if it would use it.

    >>> problem_of(bytes(4096)), problem_of(b"LABELONE" * 512), problem_of(b"cut")
    ('superblock is zeros', 'superblock is not one of a thin pool', 'superblock has only 3 of 4096 bytes')
    """
    try:
        found = superblock(block)
    except FormatError as error:
        return error.what
    return "superblock requires a check; until then the kernel opens the pool read-only" if found.needs_check else ""


def superblock(block: bytes) -> Superblock:
    """Parse block 0. Raises ``FormatError``: no superblock, another version, a wrong checksum."""
    if len(block) < BLOCK_BYTES:
        raise FormatError(f"superblock has only {len(block)} of {BLOCK_BYTES} bytes")
    fields = _SUPERBLOCK.unpack_from(block)
    stored, flags, number, _, magic, version = fields[:6]
    if magic != _MAGIC:
        raise FormatError("superblock is not one of a thin pool" if block.strip(b"\0") else "superblock is zeros")
    if number:
        raise FormatError(f"superblock has the block number {number}")
    if checksum(block) ^ _SUPERBLOCK_XOR != stored:
        raise FormatError("superblock has a wrong checksum")
    if version not in {1, 2}:
        raise FormatError(f"superblock has the format {version}, and the kernel knows 1 and 2")
    sectors = fields[13]
    if not 128 <= sectors <= 1 << 21 or sectors % 128:
        raise FormatError(f"superblock has a block size of {sectors} sectors")
    return Superblock(
        needs_check=bool(flags & _NEEDS_CHECK),
        transaction=fields[7],
        mapping_root=fields[11],
        details_root=fields[12],
        block_bytes=sectors * SECTOR_BYTES,
    )


def node(block: bytes, number: int, value_bytes: int) -> ThinNode:
    """Parse a node with leaf values of ``value_bytes``. Raises ``FormatError`` for another block or a damaged
    one.
    """
    if len(block) < BLOCK_BYTES:
        raise FormatError(f"block {number} is beyond the end of the metadata")
    stored, flags, where, count, most, size, _ = _NODE.unpack_from(block)
    if checksum(block) ^ _NODE_XOR != stored:
        raise FormatError(f"block {number}: its checksum is wrong")
    is_leaf = bool(flags & _LEAF)
    wanted = value_bytes if is_leaf else 8
    if where != number or is_leaf == bool(flags & _INTERNAL) or size != wanted:
        raise FormatError(f"block {number} is another kind of block")
    if count > most or _NODE.size + most * (8 + size) > BLOCK_BYTES:
        raise FormatError(f"block {number} has {count} entries")
    keys = struct.unpack_from(f"<{count}Q", block, _NODE.size)
    begin = _NODE.size + 8 * most
    values = tuple(block[begin + index * size : begin + (index + 1) * size] for index in range(count))
    if any(one >= other for one, other in pairwise(keys)):
        raise FormatError(f"block {number}: its keys are not in order")
    return ThinNode(is_leaf=is_leaf, keys=keys, values=values)


class Metadata:
    """A pool's metadata.

    Args:
        read: returns a block.

    Attributes:
        top: the superblock.
        errors: the first few read errors.

    Raises ``FormatError`` without a valid superblock.
    """

    def __init__(self, read: Read, top: Superblock | None = None) -> None:
        self.read = read
        self.top = superblock(read(0)) if top is None else top
        self.errors: list[str] = []

    def devices(self) -> dict[int, ThinDevice]:
        """Return the devices by number; damage is listed in ``errors``."""
        records = {key: _DETAILS.unpack(value)[0] for key, value in self._entries(self.top.details_root, _DETAILS.size)}
        found = {}
        for key, value in self._entries(self.top.mapping_root, 8):
            root = int.from_bytes(value, "little")
            found[key] = ThinDevice(id=key, root=root, mapped_blocks=records.get(key, -1))
            if len(found) > _MAX_DEVICES:
                raise FormatError(f"it has more than {_MAX_DEVICES} devices")
        return found

    def mappings(self, device: ThinDevice) -> Iterator[tuple[int, int, int]]:
        """Yield (block of the device, block of the pool, how many) in order; damage is listed in ``errors``."""
        start = place = length = 0
        for key, value in self._entries(device.root, 8):
            block = int.from_bytes(value, "little") >> _TIME_BITS
            if length and key == start + length and block == place + length:
                length += 1
                continue
            if length:
                yield start, place, length
            start, place, length = key, block, 1
        if length:
            yield start, place, length

    def _entries(self, root: int, value_bytes: int) -> Iterator[tuple[int, bytes]]:
        """Yield the entries of a tree in the order of their keys."""
        seen: set[int] = set()
        pending = [(root, 0)]
        while pending:
            number, depth = pending.pop()
            if number in seen or depth > _MAX_DEPTH:
                self._note(f"block {number} is in its tree twice")
                continue
            seen.add(number)
            try:
                found = node(self.read(number), number, value_bytes)
            except FormatError as error:
                self._note(error.what)
                continue
            if found.is_leaf:
                yield from zip(found.keys, found.values, strict=True)
            else:
                children = [(int.from_bytes(value, "little"), depth + 1) for value in found.values]
                pending.extend(reversed(children))

    def _note(self, error: str) -> None:
        if len(self.errors) < _MAX_ERRORS and error not in self.errors:
            self.errors.append(error)


def recovered(read: Read, blocks: int, expected: frozenset[int], block_bytes: int) -> Metadata:
    """Return the metadata of a pool without a superblock, from its trees. Raises ``FormatError``.

    Kernel commits write new trees and leave the old ones, so several may be intact. The one with the expected devices
    and the block counts of their records is used; of several, the one with the highest transaction. Only for pools of
    up to about a hundred devices, with a device list of one block.

    Args:
        read: returns a block.
        blocks: how many there are.
        expected: numbers of the engine's devices.
        block_bytes: size of a block of the pool, which only the superblock has: 64 KiB if the engine created the pool.
    """
    tops: list[tuple[int, ThinNode]] = []
    records: list[tuple[int, ThinNode]] = []
    for number in range(1, blocks):
        block = read(number)
        if not _may_be_node(block, number):
            continue
        for size, found in ((8, tops), (_DETAILS.size, records)):
            try:
                one = node(block, number, size)
            except FormatError:
                continue
            if one.is_leaf and one.keys and expected.issuperset(one.keys):
                found.append((number, one))
    best: tuple[int, int, int] | None = None
    chosen: Metadata | None = None
    for details, record in records:
        last = max(_DETAILS.unpack(value)[1] for value in record.values)
        for mapping, top in tops:
            if top.keys != record.keys:
                continue
            made = Metadata(read, _guess(mapping, details, last, block_bytes))
            score = (_agreeing(made), len(top.keys), last)
            if not made.errors and (best is None or score > best):
                best, chosen = score, made
    if chosen is None:
        raise FormatError("the superblock is lost, and there is no intact tree of the known devices")
    return chosen


def _may_be_node(block: bytes, number: int) -> bool:
    """Whether it is worth computing the checksum."""
    if len(block) < BLOCK_BYTES:
        return False
    _, flags, where, count, most, _, _ = _NODE.unpack_from(block)
    return bool(where == number and flags == _LEAF and 0 < count <= most <= BLOCK_BYTES // 16)


def _guess(mapping: int, details: int, transaction: int, block_bytes: int) -> Superblock:
    return Superblock(
        needs_check=True,
        transaction=transaction,
        mapping_root=mapping,
        details_root=details,
        block_bytes=block_bytes,
    )


def _agreeing(made: Metadata) -> int:
    """Return how many devices have as many mappings as in their record."""
    count = 0
    for device in made.devices().values():
        count += sum(length for _, _, length in made.mappings(device)) == device.mapped_blocks
    return count
