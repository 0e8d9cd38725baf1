"""Format of a metadata backup: the kept files of a data root, and their layout in the state directory.

``metadata/GENERATION.json`` lists one backup; ``metadata/blobs/SHA256`` holds contents by their hash, compressed, shared by
all backups. Neither is ever changed once written. ``metadata/confirmed.json`` records when a healthy scan last
confirmed the newest one. A reader rejects anything without a valid checksum.
"""

import zlib
from hashlib import sha256
from typing import TypeVar

from msgspec import DecodeError, Struct

from doctor.model.errors import FormatError
from doctor.model.root_identity import RootIdentity
from doctor.state import host_json

T = TypeVar("T")

DIRECTORY = "metadata"
BLOBS = "blobs"
CONFIRMED = "confirmed.json"
SUFFIX = ".json"
NUMBER_DIGITS = 8
MAX_FILE_BYTES = 64 << 20
"""Kept files are far smaller, except the tar-split of a layer with millions of files."""

_RAW, _ZLIB = b"=", b"z"


class MetadataFile(Struct, frozen=True, array_like=True):
    """One kept file: the values that show whether it changed, and the hash of its content.

    Attributes:
        size: bytes, with ``mtime_ns`` and ``inode`` of the file when it was read.
        mode: permission bits.
        digest: sha256 of the content; "" for a file that was left out to keep the backup below its limit.
    """

    size: int
    mtime_ns: int
    inode: int
    mode: int
    uid: int
    gid: int
    digest: str


class KeptLayerRecord(Struct, frozen=True, array_like=True):
    """The texts of a layer's record (``layerdb/sha256/CHAIN``); ``parent`` is "" for a first layer."""

    diff: str
    parent: str
    cache_id: str
    size: str


class KeptMountRecord(Struct, frozen=True, array_like=True):
    """The texts of a container's mount record (``layerdb/mounts/CONTAINER``); "" for a missing file."""

    mount_id: str
    init_id: str
    parent: str


class BackupGeneration(Struct, frozen=True, kw_only=True):
    """One backup of a data root that a scan found healthy.

    Attributes:
        number: one more than the previous backup's: it defines the order, independent of the clock.
        taken: seconds since the epoch, by the clock at that time.
        elapsed: seconds since the first backup, without clock jumps.
        identity: its data root.
        files: by path relative to the root.
        layers: records by chain id.
        mounts: records by container id.
        incomplete: why something is missing in it, "" if it is complete.
    """

    version: int = 1
    number: int = 0
    taken: float
    elapsed: float = 0.0
    identity: RootIdentity
    files: dict[str, MetadataFile]
    layers: dict[str, KeptLayerRecord] = {}
    mounts: dict[str, KeptMountRecord] = {}
    incomplete: str = ""


class Confirmed(Struct, frozen=True, kw_only=True):
    """When a healthy scan last found nothing changed since a backup.

    Attributes:
        generation: the name of the backup's file; ``when`` in seconds since the epoch.
        elapsed: as of a backup, at that moment.
        path: resolved path of the data root, with ``engine_id`` at that time: each scan compares them, and this file is
            small.
    """

    generation: str
    when: float
    elapsed: float = 0.0
    path: str = ""
    engine_id: str = ""


def encode(value: Struct) -> bytes:
    """Return the file of a listing: the hash of its JSON, a line break, the JSON."""
    body = host_json.encode(value)
    return sha256(body).hexdigest().encode() + b"\n" + body


def decode(data: bytes, kind: type[T]) -> T:
    """Return a parsed listing. Raises ``FormatError`` if it is truncated, corrupt, or written by a newer doctor."""
    digest, _, body = data.partition(b"\n")
    if sha256(body).hexdigest().encode() != digest:
        raise FormatError("the list of a metadata backup is corrupt")
    try:
        found = host_json.decode(body, kind)
    except (DecodeError, RecursionError) as error:
        raise FormatError(f"the list of a metadata backup can't be read: {error}") from error
    if isinstance(found, BackupGeneration) and found.version != 1:
        raise FormatError(f"a newer doctor wrote this metadata backup (version {found.version})")
    return found


def pack(content: bytes, *, level: int = 6) -> bytes:
    """Return the blob of a content."""
    packed = zlib.compress(content, level)
    return _ZLIB + packed if len(packed) < len(content) or level == 0 else _RAW + content


def unpack(blob: bytes, digest: str) -> bytes:
    """Return the content of a blob. Raises ``FormatError`` if it does not match this sha256."""
    if blob[:1] == _RAW:
        content = blob[1:]
    else:
        decoder = zlib.decompressobj()
        try:
            content = decoder.decompress(blob[1:], MAX_FILE_BYTES + 1)
        except zlib.error as error:
            raise FormatError(f"a kept file can't be unpacked: {error}") from error
    if sha256(content).hexdigest() != digest:
        raise FormatError("a kept file does not match its hash")
    return content


def is_generation(name: str) -> bool:
    """Whether a name is that of a backup's list ("00000012-20260131T235959Z.json")."""
    return name.endswith(SUFFIX) and number_of(name) > 0


def number_of(name: str) -> int:
    """Return the number in the name of a backup's list, 0 for another name.

    >>> number_of("00000012-20260131T235959Z.json"), number_of("confirmed.json")
    (12, 0)
    """
    number, dash, _ = name.partition("-")
    return int(number) if dash and len(number) == NUMBER_DIGITS and number.isascii() and number.isdigit() else 0
