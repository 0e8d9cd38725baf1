"""Finds the snapshots that containers write to.

A snapshotter's ``metadata.db`` lists them (containerd core/snapshots/storage/bolt.go) with the keys ``NAMESPACE/NUMBER/NAME``:
dockerd and CRI name a container's snapshot by the container's id.
"""

from collections.abc import Iterable, Iterator

from doctor.engines.containerd import places as containerd
from doctor.facts.containers.containers import Containers
from doctor.formats.databases import bolt
from doctor.formats.images.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.salvage.reader import Upper

_SNAPSHOTTERS = {"overlayfs": "fs", "fuse-overlayfs": "fs", "native": ""}
"""Snapshotters that keep directories, and the subdirectory with a snapshot's files."""

_ACTIVE = b"\x02"
_DATABASE = containerd.SNAPSHOT_DATABASE.rpartition("/")[2]


def uppers(host: Host, tops: Iterable[HostPath], containers: Containers) -> Iterator[Upper]:
    """Yield the snapshots of containers in the roots ``tops`` of several containerds."""
    for top in dict.fromkeys(tops):
        for snapshotter, inside in _SNAPSHOTTERS.items():
            directory = join(top, f"{containerd.SNAPSHOTTERS}{snapshotter}")
            yield from _of_snapshotter(host, directory, inside, containers)


def _of_snapshotter(host: Host, top: HostPath, inside: str, containers: Containers) -> Iterator[Upper]:
    database = join(top, _DATABASE)
    snapshotter = top.rpartition(".")[2]
    try:
        best = bolt.read(host.read(database, follow=False, limit_bytes=bolt.MAX_BYTES)).best
        problem = "" if best is not None else "it has no intact tree"
    except HostError as error:
        if error.is_absent and not _holds_anything(host, join(top, "snapshots")):
            return
        best, problem = None, str(error)
    except FormatError as error:
        best, problem = None, str(error)
    if best is None:
        text = f"the containers' snapshots are unknown: {database}: {problem}"
        yield Upper(id="", title=f"all of {snapshotter}", driver=snapshotter, problem=text)
        return
    records = best.root.at("v1", "snapshots")
    known = records.buckets if records is not None else {}
    for name, record in sorted(known.items()):
        identity = name.decode("utf-8", "replace").rpartition("/")[2]
        if record.keys.get(b"kind") != _ACTIVE or not is_hex64(identity):
            continue
        parent = known.get(record.keys.get(b"parent", b""))
        container = containers.get(identity)
        yield Upper(
            id=identity,
            title=container.title if container is not None else identity[:12],
            container=container,
            driver=snapshotter,
            directory=_snapshot(top, record, inside),
            below=_snapshot(top, parent, inside) if parent is not None and not inside else None,
            has_marks=snapshotter == "fuse-overlayfs",
        )


def _snapshot(top: HostPath, record: bolt.Bucket, inside: str) -> HostPath:
    """Return the directory of a snapshot: its number is a Go uvarint."""
    number = 0
    for index, byte in enumerate(record.keys.get(b"id", b"")[:9]):
        number |= (byte & 0x7F) << (7 * index)
    place = join(top, "snapshots", str(number))
    return join(place, inside) if inside else place


def _holds_anything(host: Host, path: HostPath) -> bool:
    try:
        return next(iter(host.scandir(path, follow=False)), None) is not None
    except HostError:
        return False
