"""Makes the metadata backup: after a scan that found the data root healthy, it copies the small files that can't be
rebuilt.

Only files with a changed size, time or inode since the last backup are read; names and the short texts of layer and
mount records come from the scan. Errors never fail a scan: they become notes.
"""

import os
from collections.abc import Iterable

from msgspec.structs import replace

from doctor.api.engine import Ask, BackupFiles, Engine, Root
from doctor.history.kept_files import UnsteadyError, read_steady
from doctor.host.base import Host
from doctor.model.errors import DoctorError, RefusedError
from doctor.model.finding import Finding
from doctor.model.missing import HostError
from doctor.model.outcome import Outcome
from doctor.model.severity import Severity
from doctor.model.view import Stat
from doctor.plugins.engines import engines, first_engine
from doctor.state.clock import jump
from doctor.state.files import locked
from doctor.state.metadata import BackupGeneration, MetadataFile
from doctor.state.metadata_store import Listed, MetadataStore, within
from doctor.state.settings import KeepMetadata


def is_healthy(
    findings: Iterable[Finding], outcomes: Iterable[Outcome], ids: Iterable[str], engine: Engine | None = None
) -> bool:
    """Whether a scan read the whole state of an engine's data root and found no fault: no finding above info, nothing incomplete.

    ``ids`` are all checks; one of the engine's area that did not run was skipped by settings. ``engine`` is the first one by default.
    """
    area = area_of(engine or first_engine())
    if any(finding.id.startswith(area) and finding.level > Severity.INFO for finding in findings):
        return False
    ran = {outcome.id: outcome.incomplete for outcome in outcomes}
    mine = [identity for identity in ids if identity.startswith(area)]
    return bool(mine) and all(ran.get(identity) is False for identity in mine)


def area_of(engine: Engine) -> str:
    """Return the beginning of the ids of the checks that judge the engine's data root."""
    return f"{engine.area}/"


def healthy(findings: Iterable[Finding], outcomes: Iterable[Outcome], ids: Iterable[str]) -> tuple[Engine, ...]:
    """Return the engines whose data root a scan found healthy."""
    known, ran, checks = tuple(findings), tuple(outcomes), tuple(ids)
    return tuple(one for one in engines() if one.area and is_healthy(known, ran, checks, one))


def take(
    host: Host,
    ask: Ask,
    keep: KeepMetadata,
    *,
    directory: str | None = None,
    of: Iterable[Engine] | None = None,
) -> tuple[str, ...]:
    """Back up the changes since the last backup; return notes for the report, empty on success.

    ``directory`` is doctor's state directory if it isn't the default. The data roots are those of these engines, of all by default:
    the caller has checked that they are healthy.
    """
    if not keep.keep:
        return ()
    chosen = engines() if of is None else of
    return tuple(note for one in chosen for note in _take(host, ask, keep, one, directory))


def _take(host: Host, ask: Ask, keep: KeepMetadata, engine: Engine, directory: str | None) -> tuple[str, ...]:
    store = MetadataStore(directory, engine.backups)
    try:
        kept = engine.backup(host, ask)
        if kept is None:
            return ()
        store.prepare()
    except (HostError, DoctorError) as error:
        return (f"the metadata backup was not written: {error}",)
    try:
        with locked(os.path.join(store.path, "lock"), purpose="scan again"):
            root = engine.root(host, ask)
            return () if root is None else _Backup(host, root, kept, store).take(keep)
    except RefusedError:
        return ()
    except (OSError, HostError, DoctorError) as error:
        return (f"the metadata backup was not written: {error}",)


class _Backup:
    """One pass over a data root."""

    def __init__(self, host: Host, root: Root, kept: BackupFiles, store: MetadataStore) -> None:
        self.host = host
        self.root = root
        self.kept = kept
        self.store = store

    def take(self, keep: KeepMetadata) -> tuple[str, ...]:
        """Compare with the newest backup of this root; confirm it or make another."""
        now = self.host.now()
        seen = self.store.last_look()
        odd = jump(seen[0], now) if seen is not None else ""
        notes = self._take(keep, now)
        return (f"{odd}; no backup was removed because of it", *notes) if odd else notes

    def _take(self, keep: KeepMetadata, now: float) -> tuple[str, ...]:
        identity = self.root.identity
        before = self.before()
        files, skipped = self.files(before.generation.files if before is not None else {})
        layers, mounts = self.kept.layers, self.kept.mounts
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
            BackupGeneration(
                taken=now, identity=identity, files=files, layers=layers, mounts=mounts, incomplete=incomplete
            ),
            keep,
        )
        notes = [f"the metadata backup leaves out {incomplete}"] if incomplete else []
        notes += [f"the metadata backup leaves out {reason}" for reason in skipped[:3]]
        return tuple(notes)

    def before(self) -> Listed | None:
        """Return the newest backup of this root."""
        mine = (one for one in self.store.newest() if self.root.likeness(one.generation.identity).is_same)
        return next(mine, None)

    def files(self, before: dict[str, MetadataFile]) -> tuple[dict[str, MetadataFile], list[str]]:
        """Return the entries of all files, and the reasons for changed files that could not be read."""
        files: dict[str, MetadataFile] = {}
        skipped: list[str] = []
        for wanted in self.kept.files:
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


def _is_same(old: MetadataFile, found: Stat) -> bool:
    return (old.size, old.mtime_ns, old.inode, old.mode, old.uid, old.gid) == (
        found.size,
        found.mtime_ns,
        found.inode,
        found.mode,
        found.uid,
        found.gid,
    )


def _entry(found: Stat, digest: str) -> MetadataFile:
    return MetadataFile(found.size, found.mtime_ns, found.inode, found.mode, found.uid, found.gid, digest)
