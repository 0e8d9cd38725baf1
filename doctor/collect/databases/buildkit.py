"""Reads the list of directories that BuildKit uses."""

from doctor.engines.docker import places as docker
from doctor.facts.databases.buildkit import BuildkitSnapshot, Snapshots
from doctor.facts.databases.databases import BuildkitDatabases
from doctor.formats.databases.bolt import Bucket
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def snapshots(databases: BuildkitDatabases) -> Snapshots:
    """Return BuildKit's snapshots; absent if its list can't be read, which another check reports."""
    file = databases.files[docker.BUILDKIT_SNAPSHOTS]
    if file.root is None or file.is_broken:
        raise HostError(Missing(Why.ABSENT, f"{file.path}: no list of snapshots"))
    return Snapshots(items={_text(key): _snapshot(bucket) for key, bucket in file.root.buckets.items()})


def _snapshot(bucket: Bucket) -> BuildkitSnapshot:
    parent = bucket.keys.get(b"parent")
    return BuildkitSnapshot(
        parent=None if parent is None else _text(parent),
        committed=_text(bucket.keys.get(b"committed", b"")),
        chain=_text(bucket.keys.get(b"chainid", b"")).removeprefix("sha256:"),
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
