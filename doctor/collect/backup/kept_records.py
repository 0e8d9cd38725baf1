"""Records of a database in the metadata backup, if the file has changed since."""

from hashlib import sha256

from doctor.facts.backup.digests import KeptDigests
from doctor.facts.databases.databases import BoltFile
from doctor.facts.databases.flawed_records import FlawedRecord, Records
from doctor.facts.engine.data_root import DataRoot
from doctor.formats.databases.bolt import Bucket
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing, Why
from doctor.model.text import flipped_byte


def kept_records(host: Host, root: DataRoot, recorded: KeptDigests | Missing, *, name: str, bucket: str) -> Records:
    """Return the records of a bucket in the backup, {} without one."""
    if isinstance(recorded, Missing) or name not in recorded.files:
        return {}
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - unchanged since the backup on a healthy host
    from doctor.collect.backup.lists import is_database, newest  # noqa: PLC0415

    try:
        found = Backups(host, root).find(name, is_database)
    except HostError:
        return {}
    tree = newest(found[0]) if found is not None else None
    kept = tree.at(bucket) if tree is not None else None
    return {} if kept is None else kept.keys


def bucket_of(file: BoltFile, name: str) -> Bucket | FlawedRecord:
    """Return the bucket to examine, or as a corrupt record of its own kind one whose name is one bit away.

    Raises ``HostError`` if neither exists, or the pages of the database are corrupt, which is judged as a whole.
    """
    bucket = file.root.at(name) if file.root is not None and not file.is_broken else None
    if bucket is not None:
        return bucket
    near = (
        next((one for one in file.root.buckets if flipped_byte(one, name.encode()) >= 0), None) if file.root else None
    )
    if near is None:
        raise HostError(Missing(Why.ABSENT, f"{file.path}: no records to compare"))
    problem = f"the bucket {name} is named {near.decode('latin-1')}: its records can't be found"
    return FlawedRecord(key=near, kind="bucket", ids=(name,), problem=problem, refused=False, kept=name.encode())


def is_unchanged(host: Host, file: BoltFile, recorded: KeptDigests | Missing, name: str) -> bool:
    """Whether a database is unchanged since the backup of a healthy root: its records were examined then."""
    size, digest = (0, "") if isinstance(recorded, Missing) else recorded.files.get(name, (0, ""))
    return bool(digest) and size == file.size_bytes and digest == _digest(host, file)


def _digest(host: Host, file: BoltFile) -> str:
    try:
        return sha256(host.read(file.path, follow=False, limit_bytes=file.size_bytes + 1)).hexdigest()
    except HostError:
        return ""
