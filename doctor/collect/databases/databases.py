"""Reads the engine's bolt databases as bytes, not through the library, which takes a lock."""

from doctor.collect.databases.bolt_values import network_records, salvage_networks, salvage_volumes, volume_records
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containerd import items as containerd_items
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.databases.buildkit_items import flawed_items
from doctor.facts.databases.databases import (
    BoltFile,
    BuildkitDatabases,
    ContainerdDatabase,
    NetworkDatabase,
    ServiceDatabase,
    VolumeDatabase,
)
from doctor.facts.engine.data_root import DataRoot
from doctor.formats.databases.bolt import Database, read
from doctor.formats.databases.bolt_flip import BitFlip, lost_meta
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join, parent

_LIMIT_BYTES = 256 << 20
# A running engine may commit while the file is read; a commit takes milliseconds.
_TRIES = 3


@collector
def network_database(host: Host, root: DataRoot) -> NetworkDatabase:
    """Return the network store."""
    file, data, gaps = _read(host, root.at(docker.NETWORK_DATABASE))
    return NetworkDatabase(
        file=file,
        networks=network_records(file.root),
        salvaged=salvage_networks(data) if file.is_broken else {},
        gaps=gaps,
    )


@collector
def volume_database(host: Host, root: DataRoot) -> VolumeDatabase:
    """Return the volume store."""
    file, data, gaps = _read(host, root.at(docker.VOLUME_DATABASE))
    return VolumeDatabase(
        file=file,
        records=volume_records(file.root),
        salvaged=salvage_volumes(data) if file.is_broken else {},
        gaps=gaps,
    )


@collector
def buildkit_databases(host: Host, root: DataRoot) -> BuildkitDatabases:
    """Return BuildKit's databases; absent if BuildKit never ran."""
    if not root.has(docker.BUILDKIT):
        raise HostError(Missing(Why.ABSENT, f"{root.resolved}/{docker.BUILDKIT}: no such directory"))
    files: dict[str, BoltFile] = {}
    gaps: list[Missing] = []
    for name in docker.BUILDKIT_DATABASES:
        files[name], _, missing = _read(host, root.at(docker.BUILDKIT, name))
        gaps.extend(missing)
    flawed = tuple(flawed_items(files[docker.BUILDKIT_METADATA].root))
    return BuildkitDatabases(directory=root.at(docker.BUILDKIT), files=files, flawed=flawed, gaps=tuple(gaps))


@collector
def containerd_database(host: Host, root: DataRoot) -> ContainerdDatabase:
    """Return the database of the engine's own containerd; absent if a separate service is used."""
    file, holds_images, gaps = _meta(host, root.at(docker.OWN_CONTAINERD))
    return ContainerdDatabase(
        file=file,
        directory=parent(file.path),
        holds_images=holds_images,
        flawed=() if file.is_broken else containerd_items.flawed_items(file.root),
        gaps=gaps,
    )


@collector
def service_database(host: Host, service: ContainerdService, root: DataRoot | Missing) -> ServiceDatabase:
    """Return the database of a separate containerd service; absent if there is no such service."""
    if not service.exists:
        raise HostError(Missing(Why.ABSENT, f"{service.top}: no such directory"))
    if not isinstance(root, Missing) and service.resolved == root.at(docker.OWN_CONTAINERD):
        raise HostError(Missing(Why.ABSENT, f"{service.top}: it is the directory of the engine's own containerd"))
    file, holds_images, gaps = _meta(host, service.resolved)
    return ServiceDatabase(
        file=file,
        directory=parent(file.path),
        holds_images=holds_images,
        flawed=() if file.is_broken else containerd_items.flawed_items(file.root),
        gaps=(*service.gaps, *gaps),
    )


def _meta(host: Host, top: HostPath) -> tuple[BoltFile, bool, tuple[Missing, ...]]:
    """Return a containerd's ``meta.db``, and whether it lists images."""
    path = join(top, containerd.METADATA_DATABASE)
    if not host.exists(parent(path)):
        raise HostError(Missing(Why.ABSENT, f"{parent(path)}: no such directory"))
    file, _, gaps = _read(host, path)
    places = (containerd.BLOBS, containerd.SNAPSHOTS)
    return file, any(_has_entries(host, join(top, place)) for place in places), gaps


def _has_entries(host: Host, path: HostPath) -> bool:
    try:
        return next(iter(host.scandir(path, follow=False)), None) is not None
    except HostError:
        return False


def _read(host: Host, path: HostPath) -> tuple[BoltFile, bytes, tuple[Missing, ...]]:
    """Return a database file, its bytes if they are needed for salvage, and the gaps."""
    try:
        status = host.lstat(path, follow=False)
        if status.kind != "f":
            kind = "a directory" if status.kind == "d" else "not a regular file"
            return BoltFile(path=path, status="broken", problem=f"it is {kind}"), b"", ()
        if status.size > _LIMIT_BYTES:
            # Not judged: no engine creates such a large one, and reading it could take minutes.
            return BoltFile(path=path, status="ok"), b"", (Missing.undecodable(path, f"{status.size} bytes"),)
        data = host.read(path, follow=False, limit_bytes=_LIMIT_BYTES)
        database, problem = _parse(data)
        for _ in range(_TRIES - 1 if problem and host.is_live() else 0):
            again = host.read(path, follow=False, limit_bytes=_LIMIT_BYTES)
            if again == data:
                break
            data = again
            database, problem = _parse(data)
    except HostError as error:
        if error.is_absent:
            return BoltFile(path=path, status="absent"), b"", ()
        return BoltFile(path=path, status="ok"), b"", (error.missing,)
    file = BoltFile(
        path=path,
        status="broken" if problem else "ok" if data else "empty",
        problem=problem,
        size_bytes=len(data),
        device=status.device,
        inode=status.inode,
        database=database,
        flip=_flip(data) if database is not None and database.lost_metas else None,
    )
    return file, data, ()


def _flip(data: bytes) -> BitFlip | None:
    """Return the bit that restores a newer, valid state."""
    flip = lost_meta(data)
    return flip if flip is not None and not _parse(flip(data))[1] else None


def _parse(data: bytes) -> tuple[Database | None, str]:
    try:
        database = read(data)
    except FormatError as error:
        return None, str(error)
    if database.is_sound:
        return database, ""
    newest = database.generations[0]
    return database, newest.errors[0] if newest.errors else newest.freelist_error
