"""Records of a database as the metadata backup has them, where the file is not what it was then."""

from hashlib import sha256

from doctor.facts.data_root import DataRoot
from doctor.facts.databases import BoltFile
from doctor.facts.flawed_records import Records
from doctor.facts.kept_digests import KeptDigests
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing


def kept_records(
    host: Host, root: DataRoot, file: BoltFile, told: KeptDigests | Missing, *, name: str, bucket: str
) -> tuple[Records, str]:
    """Return the records of a bucket and how old the backup is; nothing where there is none, or where nothing has changed since."""
    size, digest = (0, "") if isinstance(told, Missing) else told.files.get(name, (0, ""))
    if not digest or (size == file.size_bytes and digest == _digest(host, file)):
        return {}, ""
    from doctor.collect.kept import Backups  # noqa: PLC0415 - unchanged since the backup on a healthy host
    from doctor.collect.metadata_lists import is_database, newest  # noqa: PLC0415

    try:
        found = Backups(host, root).find(name, is_database)
    except HostError:
        return {}, ""
    tree = newest(found[0]) if found is not None else None
    kept = tree.at(bucket) if tree is not None else None
    return ({}, "") if kept is None or found is None else (kept.keys, found[2].age)


def _digest(host: Host, file: BoltFile) -> str:
    try:
        return sha256(host.read(file.path, follow=False, limit_bytes=file.size_bytes + 1)).hexdigest()
    except HostError:
        return ""
