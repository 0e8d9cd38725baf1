"""Checks that containerd's databases list the contents beside them. Only small databases are read."""

from collections.abc import Callable

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.containerd.stores import ContainerdStore, ContainerdStores, StoreDatabase
from doctor.facts.engine.data_root import DataRoot
from doctor.formats.databases.bolt import Bucket, read
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_FRESH_BYTES = 256 << 10
"""A new database has 16 to 64 KiB (bolt db.go: four pages, grown by doubling); a larger one had records."""


@collector
def containerd_stores(host: Host, root: DataRoot | Missing, service: ContainerdService) -> ContainerdStores:
    """Return the stores that are not empty; an empty value if no containerd has images."""
    gaps = list(service.gaps)
    tops = [] if isinstance(root, Missing) else [root.at(docker.OWN_CONTAINERD)]
    tops = [host.resolve(top) for top in tops if host.exists(top)]
    if service.exists and service.resolved not in tops:
        tops.append(service.resolved)
    found = [_store(host, top, gaps) for top in tops]
    held = tuple(store for store in found if store.contents.beside or store.snapshots.beside)
    return ContainerdStores(items=held, gaps=tuple(gaps))


def _store(host: Host, directory: HostPath, gaps: list[Missing]) -> ContainerdStore:
    snapshots = join(directory, containerd.SNAPSHOTS)
    places = [path for path in (join(directory, containerd.BLOBS), snapshots) if _holds(host, path, gaps)]
    return ContainerdStore(
        top=directory,
        contents=_database(host, join(directory, containerd.METADATA_DATABASE), places, _lists_contents, gaps),
        snapshots=_database(
            host,
            join(directory, containerd.SNAPSHOT_DATABASE),
            [path for path in places if path == snapshots],
            _lists_snapshots,
            gaps,
        ),
    )


def _holds(host: Host, path: HostPath, gaps: list[Missing]) -> bool:
    """Whether a directory has a content or a snapshot: ``new-NUMBER`` is one being created."""
    try:
        return any(not name.startswith("new-") for name, _ in host.scandir(path, follow=False))
    except HostError as error:
        if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
            gaps.append(error.missing)
        return False


def _database(
    host: Host, path: HostPath, beside: list[HostPath], lists: Callable[[Bucket], bool], gaps: list[Missing]
) -> StoreDatabase:
    problem = ""
    if beside:
        try:
            problem = _problem(host, path, lists)
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            else:
                problem = "no such file"
    return StoreDatabase(path=path, problem=problem, beside=tuple(beside))


def _problem(host: Host, path: HostPath, lists: Callable[[Bucket], bool]) -> str:
    found = host.lstat(path, follow=False)
    if found.kind != "f" or found.size > _FRESH_BYTES:
        return ""
    if not found.size:
        return "it is empty"
    try:
        database = read(host.read(path, follow=False, limit_bytes=_FRESH_BYTES))
    except FormatError:
        return ""
    best = database.best
    if not database.is_sound or best is None or lists(best.root):
        return ""
    return "it has no records"


def _lists_contents(root: Bucket) -> bool:
    """Whether it has ``v1/NAMESPACE/content/blob/DIGEST`` or ``v1/NAMESPACE/snapshots/SNAPSHOTTER/KEY`` (metadata/buckets.go)."""
    version = root.at("v1")
    for space in version.buckets.values() if version is not None else ():
        blobs, snapshots = space.at("content", "blob"), space.at("snapshots")
        if blobs is not None and blobs.buckets:
            return True
        if snapshots is not None and any(one.buckets for one in snapshots.buckets.values()):
            return True
    return False


def _lists_snapshots(root: Bucket) -> bool:
    """Whether it has ``v1/snapshots/KEY`` (snapshots/storage/bolt.go)."""
    snapshots = root.at("v1", "snapshots")
    return snapshots is not None and bool(snapshots.buckets)
