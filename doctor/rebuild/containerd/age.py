"""Detects whether containerd's list of images is older than the snapshotter's, and which of two states of it is
newer.
"""

from collections.abc import Iterator

from doctor.facts.containerd.lists import ContainerdSnapshot
from doctor.formats.databases.bolt import Bucket


def ahead_of(tree: Bucket, snapshots: dict[str, ContainerdSnapshot]) -> tuple[str, ...]:
    """Return the names of snapshots with a number that ``meta.db`` has not assigned yet.

    It commits the number before the snapshotter makes "NAMESPACE/NUMBER/KEY" (containerd core/metadata/snapshot.go), so
    such a snapshot shows that the file was restored from an older state. Removals use the reverse order and leave no
    such trace.
    """
    given = {space: bucket.sequence for space, bucket in _snapshot_buckets(tree)}
    found = []
    for name in snapshots:
        space, number, _ = name.split("/", 2)
        # Without the bucket the list is handled by another check.
        if space in given and number.isdecimal() and len(number) < 20 and int(number) > given[space]:
            found.append(name)
    return tuple(found)


def last_number(tree: Bucket) -> int:
    """Return how many snapshots ``meta.db`` has numbered: of two states of one file the higher number is the newer."""
    return sum(bucket.sequence for _, bucket in _snapshot_buckets(tree))


def _snapshot_buckets(tree: Bucket) -> Iterator[tuple[str, Bucket]]:
    version = tree.at("v1") or Bucket()
    for space, bucket in version.buckets.items():
        found = bucket.at("snapshots", "overlayfs")
        if found is not None:
            yield space.decode("utf-8", "surrogateescape"), found
