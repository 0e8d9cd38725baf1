"""Rebuilds containerd's databases from old pages, a backup, and the contents of the disk."""

from collections.abc import Iterator

from doctor.collect.containerd.disk import on_disk
from doctor.collect.containerd.lists import images_of, sizes_of, snapshots_of, tree_of
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containerd.lists import kept_name
from doctor.facts.containerd.rebuilds import ContainerdRebuilds, Rebuilt
from doctor.facts.containerd.stores import ContainerdStore, ContainerdStores
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.formats.databases.bolt import MAX_BYTES, Bucket, read
from doctor.formats.databases.bolt_salvage import old_trees, small_buckets
from doctor.formats.databases.bolt_write import write
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join
from doctor.model.text import plural
from doctor.rebuild.containerd.age import ahead_of, last_number
from doctor.rebuild.containerd.records import completed, pruned, union


@collector
def containerd_rebuilds(
    host: Host, stores: ContainerdStores, root: DataRoot | Missing, containers: Containers | Missing
) -> ContainerdRebuilds:
    """Return a new file for each database that is empty, unreadable, or older than the contents beside it."""
    items: dict[HostPath, Rebuilt] = {}
    reasons: dict[HostPath, str] = {}
    for store in stores.items:
        path = store.snapshots.path
        if store.snapshots.is_lost or not _is_whole(host, path):
            _note(path, _snapshots(host, store, root), items, reasons)
        path = store.contents.path
        if store.contents.is_lost or not _is_whole(host, path) or _is_behind(host, store):
            _note(path, _contents(host, store, root, containers, items.get(store.snapshots.path)), items, reasons)
    return ContainerdRebuilds(items=items, reasons=reasons)


def _note(path: HostPath, made: Rebuilt | str, items: dict[HostPath, Rebuilt], reasons: dict[HostPath, str]) -> None:
    if isinstance(made, Rebuilt):
        items[path] = made
    else:
        reasons[path] = made


def _is_whole(host: Host, path: HostPath) -> bool:
    try:
        return read(host.read(path, follow=False, limit_bytes=MAX_BYTES)).is_sound
    except (HostError, FormatError):
        return False


def _is_behind(host: Host, store: ContainerdStore) -> bool:
    try:
        snapshots = snapshots_of(tree_of(host, store.snapshots.path))
        return bool(ahead_of(tree_of(host, store.contents.path), snapshots))
    except (HostError, FormatError):
        return False


def _data(host: Host, path: HostPath) -> bytes:
    try:
        return host.read(path, follow=False, limit_bytes=MAX_BYTES)
    except HostError:
        return b""


def _kept(host: Host, root: DataRoot | Missing, top: HostPath, name: str) -> tuple[Bucket, str] | None:
    """Return the tree of a database in the metadata backup, and its age."""
    if isinstance(root, Missing):
        return None
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - a healthy root has no use for it

    try:
        found = Backups(host, root).find(f"{kept_name(root, top)}/{name}", lambda data: bool(data) and _is_sound(data))
    except HostError:
        return None
    best = read(found[0]).best if found is not None else None
    return None if found is None or best is None else (best.root, found[2].age)


def _is_sound(data: bytes) -> bool:
    try:
        return read(data).is_sound
    except FormatError:
        return False


def _snapshots(host: Host, store: ContainerdStore, root: DataRoot | Missing) -> Rebuilt | str:
    """Return a list of all existing directories: no other file assigns directories to snapshots."""
    place = join(store.top, containerd.SNAPSHOTS)
    try:
        there = {int(name) for name, kind in host.scandir(place, follow=False) if name.isdigit() and kind in {"d", "?"}}
    except HostError as error:
        return str(error)
    wanted = _named(host, store)
    data = _data(host, store.snapshots.path)
    candidates = [(tree, "old pages of the file") for tree in _trees(data, {b"parents", b"snapshots"})]
    candidates.append((snapshotter_tree(_single(data, there, wanted)), "single records in pages of the file"))
    kept = _kept(host, root, store.top, containerd.SNAPSHOT_DATABASE)
    if kept is not None:
        candidates.append((kept[0], f"the backup {kept[1]}"))
    for tree, origin in candidates:
        records = snapshots_of(tree)
        if there <= {one.id for one in records.values()} and wanted <= records.keys():
            kept_ids = {name for name, one in records.items() if one.id in there}
            return Rebuilt(content=write(_only(tree, kept_ids)), origin=origin)
    return "neither an old page nor a backup shows the snapshot of every directory"


def snapshotter_tree(records: dict[bytes, Bucket]) -> Bucket:
    """Return the snapshotter's tree with these records; the list of children is derived (snapshots/storage/bolt.go)."""
    numbers = {name: record.keys[b"id"] for name, record in records.items() if record.keys.get(b"id")}
    parents = {}
    for name, record in records.items():
        above = numbers.get(record.keys.get(b"parent", b""))
        if above is not None and name in numbers:
            parents[above + b"\0" + numbers[name]] = name
    highest = max((_number(raw) for raw in numbers.values()), default=0)
    tree = {b"snapshots": Bucket(buckets=records, sequence=highest), b"parents": Bucket(keys=parents)}
    return Bucket(buckets={b"v1": Bucket(buckets=tree)})


def _number(raw: bytes) -> int:
    return sum((byte & 0x7F) << 7 * position for position, byte in enumerate(raw[:9]))


def _single(data: bytes, there: set[int], wanted: set[str]) -> dict[bytes, Bucket]:
    """Return the snapshot records in single pages, of existing directories: none for a directory with two records.

    ``wanted`` are the names in ``meta.db``, empty if that is lost: then no name is too old.
    """
    records: dict[bytes, Bucket] = {}
    for name, bucket in small_buckets(data):
        text = name.decode("utf-8", "surrogateescape")
        if {b"id", b"kind"} <= bucket.keys.keys() and (text in wanted or not wanted):
            records[name] = bucket
    known = snapshots_of(snapshotter_tree(records))
    ids = [one.id for one in known.values() if one.id in there]
    return records if len(ids) == len(set(ids)) else {}


def _named(host: Host, store: ContainerdStore) -> set[str]:
    """Return the names of the snapshots in ``meta.db``; empty if that is lost too."""
    try:
        tree = tree_of(host, store.contents.path)
    except (HostError, FormatError):
        return set()
    version = tree.at("v1") or Bucket()
    found = set()
    for space in version.buckets.values():
        bucket = space.at("snapshots", "overlayfs") or Bucket()
        found |= {one.keys.get(b"name", b"").decode("utf-8", "surrogateescape") for one in bucket.buckets.values()}
    return found - {""}


def _only(tree: Bucket, names: set[str]) -> Bucket:
    """Return the snapshotter's tree without records of missing directories."""
    version = tree.at("v1") or Bucket()
    snapshots = version.at("snapshots") or Bucket()
    raw = {name.encode("utf-8", "surrogateescape") for name in names}
    parents = version.at("parents") or Bucket()
    kept = Bucket(
        keys=dict(version.keys),
        buckets={
            **version.buckets,
            b"snapshots": Bucket(
                buckets={name: one for name, one in snapshots.buckets.items() if name in raw},
                sequence=snapshots.sequence,
            ),
            b"parents": Bucket(keys={key: name for key, name in parents.keys.items() if name in raw}),
        },
    )
    return Bucket(buckets={b"v1": kept})


def _contents(
    host: Host,
    store: ContainerdStore,
    root: DataRoot | Missing,
    containers: Containers | Missing,
    made: Rebuilt | None,
) -> Rebuilt | str:
    """Return a list of all contents and snapshots: from old records if they are still valid, otherwise from the disk.

    ``made`` is the rebuilt list of the snapshotter, if that was lost too.
    """
    try:
        best = read(made.content).best if made is not None else None
        snapshots = snapshots_of(best.root if best is not None else tree_of(host, store.snapshots.path))
    except (HostError, FormatError):
        if _has_snapshots(store):
            return "the snapshotter's database must be repaired first: it lists the snapshots"
        snapshots = {}
    if {name.partition("/")[0] for name in snapshots} - {docker.NAMESPACE}:
        return "programs other than the engine store images there"
    data = _data(host, store.contents.path)
    disk = on_disk(host, store.top, snapshots, containers)
    kept = _kept(host, root, store.top, containerd.METADATA_DATABASE)
    if not store.contents.is_lost and _is_whole(host, store.contents.path):
        tree, sources = _newest(host, store, kept)
        found = pruned(tree, disk)
    else:
        trees = [pruned(tree, disk) for tree in _trees(data, {b"version"})]
        trees.sort(key=_weight, reverse=True)
        sources = ["old pages of the file"] if trees and _weight(trees[0])[0] else []
        found = trees[0] if sources else Bucket()
        if kept is not None:
            found = union(found, pruned(kept[0], disk))
            sources.append(f"the backup {kept[1]}")
    done = completed(found, disk)
    new = [plural(count, word) for count, word in ((done.contents, "blob"), (done.snapshots, "snapshot")) if count]
    if new:
        sources.append(f"what is on disk: {' and '.join(new)}")
    if not images_of(done.tree):
        return "no blob there is the manifest of an image"
    lost = f"; {plural(done.nameless, 'image')} without a name" if done.nameless else ""
    return Rebuilt(content=write(done.tree), origin=" and ".join(sources) + lost)


def _newest(host: Host, store: ContainerdStore, kept: tuple[Bucket, str] | None) -> tuple[Bucket, list[str]]:
    """Return the newest valid state of a restored list; older states are not merged, as they have removed records."""
    path = store.contents.path
    candidates = [(tree_of(host, path), "its own records")]
    candidates += [(tree, "unused pages of the file") for tree in _trees(_data(host, path), {b"version"})]
    if kept is not None:
        candidates.append((kept[0], f"the backup {kept[1]}"))
    # Of equal states the first: the list itself.
    tree, origin = max(candidates, key=lambda one: (last_number(one[0]), _weight(one[0])[1]))
    return tree, [origin]


def _has_snapshots(store: ContainerdStore) -> bool:
    return any(containerd.SNAPSHOTTER in path for path in store.contents.beside)


def _trees(data: bytes, below: set[bytes]) -> Iterator[Bucket]:
    """Yield the trees whose root page, or page of the only bucket, still exists; ``below`` are names in that bucket."""

    def fits(names: dict[bytes, bool]) -> bool:
        return names == {b"v1": True} or below <= names.keys()

    for found in old_trees(data, fits):
        yield found if found.at("v1") is not None else Bucket(buckets={b"v1": found})


def _weight(tree: Bucket) -> tuple[int, bytes]:
    """Return the number of records of a tree, and the time of its newest image: a reused page may make it incomplete."""
    times = [
        image.keys.get(b"updatedat", b"")
        for space in (tree.at("v1") or Bucket()).buckets.values()
        for image in (space.at("images") or Bucket()).buckets.values()
    ]
    return len(images_of(tree)) + len(sizes_of(tree)), max(times, default=b"")
