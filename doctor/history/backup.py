"""Makes the metadata backup: after a scan that found the data root healthy, it copies the small files that can't be
rebuilt.

Only files with a changed size, time or inode since the last backup are read; names and the short texts of layer and
mount records come from the scan. Errors never fail a scan: they become notes.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from doctor.collect.backup.root_identity import Comparer
from doctor.facts.containerd.lists import BLOBS, CONTENTS, SNAPSHOTTER, ContainerdLists, kept_name
from doctor.facts.containers.containers import CONFIG, HOST_CONFIG, Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.files import SwarmFiles
from doctor.facts.images.images import Images
from doctor.facts.layers.records import Layers
from doctor.facts.volumes.volumes import Volumes
from doctor.history.kept_files import TAR_SPLIT, UnsteadyError, read_steady
from doctor.host.base import Host
from doctor.model.errors import DoctorError, RefusedError
from doctor.model.finding import Finding
from doctor.model.missing import HostError
from doctor.model.outcome import Outcome
from doctor.model.paths import HostPath, join
from doctor.model.severity import Severity
from doctor.model.view import Stat
from doctor.state.clock import jump
from doctor.state.files import locked
from doctor.state.metadata import Entry, Generation, LayerRecord, MountRecord
from doctor.state.metadata_store import Listed, Store, within
from doctor.state.settings import KeepMetadata

T = TypeVar("T")
Ask = Callable[[type], Any]
"""Returns a fact, or the ``Missing`` in its place."""

AREA = "state/"
_STORE = "image/overlay2"
_SINGLE = ("engine-id", f"{_STORE}/repositories.json", "network/files/local-kv.db", "volumes/metadata.db")
_SWARM = (
    "docker-state.json",
    "state.json",
    "certificates/swarm-node.crt",
    "certificates/swarm-node.key",
    "certificates/swarm-root-ca.crt",
)
_SMALL_CONTENT_BYTES = 32 << 10
_OF_IMAGE = ("parent", "lastUpdated", "builtLocally")


def is_healthy(findings: Iterable[Finding], outcomes: Iterable[Outcome], ids: Iterable[str]) -> bool:
    """Whether a scan read the data root's whole state and found no fault: no finding above info, nothing incomplete.

    ``ids`` are the checks of the area; one that did not run was skipped by settings.
    """
    if any(finding.id.startswith(AREA) and finding.level > Severity.INFO for finding in findings):
        return False
    ran = {outcome.id: outcome.incomplete for outcome in outcomes}
    return all(ran.get(identity) is False for identity in ids if identity.startswith(AREA))


def take(host: Host, ask: Ask, keep: KeepMetadata, *, directory: str | None = None) -> tuple[str, ...]:
    """Back up the changes since the last backup; return notes for the report, empty on success.

    ``directory`` is doctor's state directory if it isn't the default. The caller has checked ``is_healthy``.
    """
    root = ask(DataRoot)
    if not keep.keep or not isinstance(root, DataRoot):
        return ()
    store = Store(directory)
    try:
        store.prepare()
    except DoctorError as error:
        return (f"the metadata backup was not made: {error}",)
    try:
        with locked(os.path.join(store.path, "lock"), purpose="scan again"):
            return _Backup(host, ask, root, store).take(keep)
    except RefusedError:
        return ()
    except (OSError, HostError, DoctorError) as error:
        return (f"the metadata backup was not made: {error}",)


class _Wanted(Struct, frozen=True):
    """A file to keep: its path relative to the data root, and its full path."""

    name: str
    path: HostPath


class _Backup:
    """One pass over the data root."""

    def __init__(self, host: Host, ask: Ask, root: DataRoot, store: Store) -> None:
        self.host = host
        self.ask = ask
        self.root = root
        self.store = store

    def take(self, keep: KeepMetadata) -> tuple[str, ...]:
        """Compare with the newest backup of this root; confirm it or make another."""
        now = self.host.now()
        seen = self.store.last_look()
        odd = jump(seen[0], now) if seen is not None else ""
        notes = self._take(keep, now)
        return (f"{odd}; no backup was removed because of it", *notes) if odd else notes

    def _take(self, keep: KeepMetadata, now: float) -> tuple[str, ...]:
        comparer = Comparer(self.host, self.root)
        identity = comparer.here
        before = self.before(comparer)
        files, skipped = self.files(before.generation.files if before is not None else {})
        layers, mounts = self.layers(), self.mounts()
        if before is not None and not skipped:
            old = before.generation
            if (old.identity, old.files, old.layers, old.mounts) == (
                replace(identity, when=old.identity.when),
                files,
                layers,
                mounts,
            ):
                self.store.confirm(before.name, now, identity)
                return (f"the metadata backup leaves out {old.incomplete}",) if old.incomplete else ()
        sizes = self.store.sizes({entry.digest for entry in files.values()})
        files, left_out = within(files, sizes, keep)
        incomplete = f"{left_out} files, to stay below metadata.max-mib = {keep.max_mib}" if left_out else ""
        self.store.commit(
            Generation(taken=now, identity=identity, files=files, layers=layers, mounts=mounts, incomplete=incomplete),
            keep,
        )
        notes = [f"the metadata backup leaves out {incomplete}"] if incomplete else []
        notes += [f"the metadata backup leaves out {reason}" for reason in skipped[:3]]
        return tuple(notes)

    def before(self, comparer: Comparer) -> Listed | None:
        """Return the newest backup of this root."""
        return next(
            (listed for listed in self.store.newest() if comparer.likeness(listed.generation.identity).is_same), None
        )

    def files(self, before: dict[str, Entry]) -> tuple[dict[str, Entry], list[str]]:
        """Return the entries of all files, and the reasons for changed files that could not be read."""
        files: dict[str, Entry] = {}
        skipped: list[str] = []
        for wanted in self.wanted():
            old = before.get(wanted.name)
            try:
                found = self.host.lstat(wanted.path, follow=False)
                if found.kind != "f" or not found.size:
                    continue
                if old is not None and _is_same(old, found):
                    files[wanted.name] = old
                    continue
                digest = self.store.put(read_steady(self.host, wanted.name, wanted.path, found))
            except (HostError, UnsteadyError) as error:
                if isinstance(error, HostError) and error.is_absent:
                    continue
                skipped.append(str(error))
                if old is not None:
                    files[wanted.name] = old
                continue
            files[wanted.name] = _entry(found, digest)
        return files, skipped

    def wanted(self) -> Iterator[_Wanted]:
        """Yield the files to keep, the least replaceable first: the last ones are dropped if the limit is exceeded."""
        for name in _SINGLE:
            yield self.at(name)
        yield from self.containerd()
        if self.fact(SwarmFiles) is not None:
            for name in _SWARM:
                yield self.at(f"swarm/{name}")
        for identity in self.containers():
            yield self.at(f"containers/{identity}/{CONFIG}")
            yield self.at(f"containers/{identity}/{HOST_CONFIG}")
        volumes = self.fact(Volumes)
        for volume in volumes.items.values() if volumes is not None else ():
            if volume.options_status == "ok":
                yield self.at(f"volumes/{volume.name}/opts.json")
        yield from self.images()
        for name in self.names("plugins"):
            yield self.at(f"plugins/{name}/config.json")
        yield from self.tar_splits()

    def containerd(self) -> Iterator[_Wanted]:
        """Yield the lists of a containerd that keeps images, then its small contents: manifests, configs, tiny layers."""
        lists = self.fact(ContainerdLists)
        for known in lists.items if lists is not None else ():
            name = kept_name(self.root, known.top)
            for path in (CONTENTS, f"{SNAPSHOTTER}/metadata.db"):
                yield _Wanted(f"{name}/{path}", join(known.top, path))
            for digits, size in sorted(known.sizes.items()):
                if size <= _SMALL_CONTENT_BYTES:
                    yield _Wanted(f"{name}/{BLOBS}/{digits}", known.blob_path(digits))

    def images(self) -> Iterator[_Wanted]:
        """Yield each image's config and its metadata."""
        images = self.fact(Images)
        if images is None:
            return
        for config in images.sound():
            yield self.at(f"{_STORE}/imagedb/content/sha256/{config.id}")
        for identity in sorted(images.described):
            top = f"{_STORE}/imagedb/metadata/sha256/{identity}"
            for name in self.names(top):
                if name in _OF_IMAGE:
                    yield self.at(f"{top}/{name}")

    def tar_splits(self) -> Iterator[_Wanted]:
        """Yield the tar-split of each layer, the smallest first."""
        records = self.layers_fact.records.values() if self.layers_fact is not None else ()
        for record in sorted(records, key=lambda record: (record.tar_split_bytes, record.chain)):
            if record.tar_split_bytes > 0:
                yield self.at(f"{_STORE}/layerdb/sha256/{record.chain}/{TAR_SPLIT}")

    def layers(self) -> dict[str, LayerRecord]:
        """Return the complete records of layers, as the scan read them."""
        records = self.layers_fact.records.values() if self.layers_fact is not None else ()
        return {
            record.chain: LayerRecord(record.diff, record.parent or "", record.cache_id, record.size)
            for record in records
            if record.diff and record.cache_id and record.size
        }

    def mounts(self) -> dict[str, MountRecord]:
        """Return the mount records that name a directory, as the scan read them."""
        records = self.layers_fact.mounts.values() if self.layers_fact is not None else ()
        return {
            record.container_id: MountRecord(record.mount_id, record.init_id or "", record.parent or "")
            for record in records
            if record.mount_id
        }

    @property
    def layers_fact(self) -> Layers | None:
        """The records and directories of overlay2, ``None`` on a root of another driver."""
        return self.fact(Layers)

    def containers(self) -> tuple[str, ...]:
        """Return the ids of all containers."""
        found = self.fact(Containers)
        return () if found is None else found.directories

    def fact(self, kind: type[T]) -> T | None:
        """Return a fact of the scan, ``None`` if it is missing."""
        found = self.ask(kind)
        return found if isinstance(found, kind) else None

    def names(self, name: str) -> list[str]:
        """Return the names in a directory of the root; empty if it is missing."""
        try:
            return self.host.listdir(self.at(name).path, follow=False)
        except HostError:
            return []

    def at(self, name: str) -> _Wanted:
        """Return a file of the root by its relative path."""
        top, _, rest = name.partition("/")
        return _Wanted(name, join(self.root.at(top), rest) if rest else self.root.at(top))


def _is_same(old: Entry, found: Stat) -> bool:
    return (old.size, old.mtime_ns, old.inode, old.mode, old.uid, old.gid) == (
        found.size,
        found.mtime_ns,
        found.inode,
        found.mode,
        found.uid,
        found.gid,
    )


def _entry(found: Stat, digest: str) -> Entry:
    return Entry(found.size, found.mtime_ns, found.inode, found.mode, found.uid, found.gid, digest)
