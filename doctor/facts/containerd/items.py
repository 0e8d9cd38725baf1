"""Names and values in ``meta.db`` that no containerd writes, and the bytes that correct them.

Form: containerd core/metadata/buckets.go: buckets by name, times as Go's binary form, specs as a protobuf ``Any``. A container
without ``createdat``, or with a spec that can't be decoded, makes containerd's service fail for all containers.
"""

from collections.abc import Iterator

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.databases.flawed_records import flips
from doctor.formats.databases.bolt import Bucket
from doctor.model.text import flipped_byte

_WORDS = frozenset(
    b"""v1 version containers images content blob snapshots leases labels sandboxes ingests createdat updatedat image sandboxid
    snapshotKey snapshotter spec runtime extensions name options target digest mediatype size annotations parent children
    expireat ref metadata""".split()
)
_NAMESPACES = frozenset({docker.NAMESPACE.encode(), docker.PLUGINS_NAMESPACE.encode(), b"k8s.io"})
_SHORTEST = 4
_TIMES = frozenset({b"createdat", b"updatedat", b"expireat"})
_TIME_BYTES = {1: 15, 2: 16}
_MAX_FLAWED = 64
_ANY_HEAD = 96


class FlawedItem(Struct, frozen=True):
    """Corrupt bytes in a page, and the right bytes; ``right`` is b"" if they are unknown."""

    what: str
    wrong: bytes
    right: bytes


def flawed_items(root: Bucket | None) -> tuple[FlawedItem, ...]:
    """Return the corrupt items, the first 64."""
    found: list[FlawedItem] = []
    waiting: list[tuple[Bucket, tuple[bytes, ...]]] = [(root, ())] if root is not None else []
    while waiting and len(found) < _MAX_FLAWED:
        bucket, path = waiting.pop()
        found.extend(_names(bucket, path))
        if path[-1:] != (b"labels",):
            found.extend(_values(bucket))
            waiting.extend((inner, (*path, name)) for name, inner in bucket.buckets.items())
    return tuple(found[:_MAX_FLAWED])


def _names(bucket: Bucket, path: tuple[bytes, ...]) -> Iterator[FlawedItem]:
    """Yield names one bit away from a known name that is missing, in a bucket with other known names."""
    if path[-1:] == (b"labels",):
        return
    here = bucket.keys.keys() | bucket.buckets.keys()
    known = _NAMESPACES if path == (b"v1",) else _WORDS
    if path and path != (b"v1",) and not here & known:
        return
    for name in here - known:
        near = [word for word in known - here if flipped_byte(name, word) >= 0]
        if len(near) == 1 and (len(name) >= _SHORTEST or not path):
            yield FlawedItem(f"{name.decode('utf-8', 'backslashreplace')} instead of {near[0].decode()}", name, near[0])


def _values(bucket: Bucket) -> Iterator[FlawedItem]:
    for name, value in bucket.keys.items():
        if name in _TIMES and not _is_time(value):
            ways = [way for way in flips(value[:1], 0) if _is_time(way + value[1:])]
            right = name + ways[0] + value[1:] if len(ways) == 1 else b""
            yield FlawedItem(f"{name.decode()} is not a valid time", name + value, right)
        elif name == b"spec" and value and not _is_any(value):
            heads = [way for way in flips(value[:_ANY_HEAD], 0) if _is_any(way + value[_ANY_HEAD:])]
            right = name + heads[0] + value[_ANY_HEAD:] if len(heads) == 1 else b""
            yield FlawedItem("the spec of a container can't be decoded", name + value, right)


def _is_time(value: bytes) -> bool:
    return bool(value) and _TIME_BYTES.get(value[0]) == len(value)


def _is_any(value: bytes) -> bool:
    """Whether a value consists of a type's name, field 1, and bytes, field 2, and nothing else."""
    at = 0
    for tag in (0x0A, 0x12):
        if at >= len(value) or value[at] != tag:
            return at == len(value) and tag == 0x12
        size, at = _varint(value, at + 1)
        at += size
        if size < 0 or at > len(value):
            return False
    return at == len(value)


def _varint(value: bytes, at: int) -> tuple[int, int]:
    """Return a number and the position after it; -1 if it is invalid."""
    found = shift = 0
    while at < len(value) and shift < 35:
        found |= (value[at] & 0x7F) << shift
        at += 1
        if not value[at - 1] & 0x80:
            return found, at
        shift += 7
    return -1, at
