"""A devicemapper pool made by hand: devices' file systems, cut into blocks that lie in any order, and the metadata of it."""

import json
import shutil
import struct
import subprocess
from pathlib import Path
from random import Random

from doctor.formats.storage.thin_metadata import checksum

BLOCK = 64 << 10
_PER_LEAF = 252


class ThinPool:
    """Gathers devices; ``write`` leaves the two files and the engine's records below ``devicemapper``."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.devices: dict[str, tuple[int, dict[int, int]]] = {}
        self.places: dict[bytes, int] = {}

    def add(self, name: str, image: bytes) -> None:
        """Add a device: blocks of zeros are not mapped, blocks that another one has are shared, as snapshots share them."""
        mapped = {}
        for number in range(0, len(image), BLOCK):
            block = image[number : number + BLOCK].ljust(BLOCK, b"\0")
            if block.strip(b"\0"):
                mapped[number // BLOCK] = self.places.setdefault(block, len(self.places))
        self.devices[name] = (len(image), mapped)

    def write(self, top: Path) -> None:
        """Write all of it."""
        order = list(range(len(self.places) + 5))
        self.random.shuffle(order)
        files = top / "devicemapper"
        files.mkdir(parents=True)
        with open(files / "data", "wb") as stream:
            for block, place in self.places.items():
                stream.seek(order[place] * BLOCK)
                stream.write(block)
        (top / "metadata").mkdir()
        trees = {}
        for number, (name, (size, mapped)) in enumerate(self.devices.items(), start=1):
            trees[number] = {start: order[place] for start, place in mapped.items()}
            record = {"device_id": number, "size": size, "transaction_id": number, "initialized": True}
            (top / "metadata" / name).write_text(json.dumps(record))
        (top / "metadata/transaction-metadata").write_text('{"open_transaction_id":2,"device_hash":"","device_id":1}')
        (files / "metadata").write_bytes(metadata(trees).ljust(1 << 20, b"\0"))


def metadata(trees: dict[int, dict[int, int]], transaction: int = 3) -> bytes:
    """Return metadata with devices → their block → block of the pool."""
    blocks: list[bytes] = [b""]

    def put(node: bytes) -> int:
        blocks.append(node)
        return len(blocks) - 1

    def tree(values: dict[int, int]) -> int:
        pairs = sorted(values.items())
        parts = [dict(pairs[at : at + _PER_LEAF]) for at in range(0, len(pairs), _PER_LEAF)] or [{}]
        leaves = {
            min(part, default=0): put(
                leaf(len(blocks), {key: (place << 24 | 1).to_bytes(8, "little") for key, place in part.items()})
            )
            for part in parts
        }
        if len(leaves) == 1:
            return next(iter(leaves.values()))
        return put(
            leaf(len(blocks), {key: block.to_bytes(8, "little") for key, block in leaves.items()}, is_leaf=False)
        )

    roots = {number: tree(values).to_bytes(8, "little") for number, values in trees.items()}
    top = put(leaf(len(blocks), roots))
    records = {number: struct.pack("<QQII", len(values), transaction, 0, 0) for number, values in trees.items()}
    details = put(leaf(len(blocks), records, size=24))
    head = struct.pack(
        "<IQ16sQIIQQ128s128sQQIIQ",
        *(0, 0, b"", 27022010, 2, 1, transaction, 0, b"", b"", top, details, BLOCK // 512, 8, 256),
    ).ljust(4092, b"\0")
    blocks[0] = (checksum(bytes(4) + head) ^ 160774).to_bytes(4, "little") + head
    return b"".join(blocks)


def leaf(number: int, values: dict[int, bytes], *, size: int = 8, is_leaf: bool = True) -> bytes:
    """Return a node at a block."""
    most = 4064 // (8 + size) // 3 * 3
    keys = struct.pack(f"<{len(values)}Q", *values).ljust(8 * most, b"\0")
    body = (
        struct.pack("<IQIIII", 2 if is_leaf else 1, number, len(values), most, size, 0)
        + keys
        + b"".join(values.values())
    )
    body = body.ljust(4092, b"\0")
    return (checksum(bytes(4) + body) ^ 121107).to_bytes(4, "little") + body


def ext4(directory: Path, size: int = 16 << 20) -> bytes:
    """Return a file system with what is in a directory."""
    image = directory.with_suffix(".img")
    image.unlink(missing_ok=True)
    command = [
        "mkfs.ext4",
        "-q",
        "-F",
        "-b",
        "4096",
        "-E",
        "root_owner=0:0",
        "-d",
        str(directory),
        str(image),
        f"{size >> 10}k",
    ]
    subprocess.run(command, check=True, capture_output=True)
    content = image.read_bytes()
    image.unlink()
    return content


def into_pool(data: Path) -> ThinPool:
    """Put what stands in ``devicemapper/mnt`` of a data root into a pool, as the engine has it."""
    top = data / "devicemapper"
    pool = ThinPool()
    for directory in sorted((top / "mnt").iterdir()):
        pool.add(directory.name, ext4(directory))
    shutil.rmtree(top / "mnt")
    (top / "mnt").mkdir()
    pool.write(top)
    return pool
