"""Repairs flawed records of a network database: the smallest change that gives each its proven value, else the known
one.
"""

from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.databases.flawed_records import FlawedRecord, Records
from doctor.facts.network.flaws import NetworkFlaws
from doctor.facts.network.needs import BUILT_IN
from doctor.facts.network.remains import NetworkRemains
from doctor.formats.databases.bolt import Bucket, read
from doctor.formats.network.libnetwork import INDEX_BYTES, PREFIX, flaw, parts
from doctor.rebuild.network.invalid_records import mended_network
from doctor.rebuild.network.restore import restored_network

_JOINS = frozenset({"endpoint", "bridge-endpoint", "macvlan/endpoint", "ipvlan/endpoint", "sandbox"})
"""Records that the engine recreates when a container starts, and drops at its own start for stopped containers."""


class MendedRecords(Struct, frozen=True, kw_only=True):
    """A change of records, with a description of each source.

    Attributes:
        changes: key → value, b"" for a record to drop.
        parts: one for each source, the proven ones first.
        lost: names of user networks that no source describes.
    """

    changes: Records
    parts: tuple[str, ...]
    lost: tuple[str, ...] = ()


class SetRecords(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: the newest whole tree with some records of a bucket changed, b"" for one to drop."""

    bucket: bytes
    changes: Records

    def __call__(self, data: bytes) -> bytes:
        """Return the new file. Raises ``FormatError``."""
        from doctor.formats.databases.bolt_write import write  # noqa: PLC0415 - only a repair writes

        best = read(data).best
        root = best.root if best is not None else Bucket()
        there = root.buckets.get(self.bucket, Bucket())
        keys = {key: value for key, value in {**there.keys, **self.changes}.items() if value}
        if keys == there.keys:
            return data
        changed = Bucket(keys=dict(sorted(keys.items())), buckets=there.buckets, sequence=there.sequence)
        buckets = {**root.buckets, self.bucket: changed}
        size = best.meta.page_size if best is not None else 4096
        return write(Bucket(keys=root.keys, buckets=buckets, sequence=root.sequence), page_size=size)


def mend_records(
    flaws: NetworkFlaws, remains: NetworkRemains, database: NetworkDatabase, containers: Containers
) -> MendedRecords:
    """Return the changes after which no record is flawed."""
    changes: Records = {}
    proven: list[str] = []
    other: dict[str, list[str]] = {}
    left: list[FlawedRecord] = []
    for found in flaws.flawed:
        change = mended_network(flaws.records, found, flaws.shared)
        if change is None:
            left.append(found)
        else:
            changes |= change
            proven.append(found.title)
    lost: list[str] = []
    for found in left:
        how, change = _otherwise(flaws.records, found, remains, database, containers)
        if found.refused or how.startswith("from"):
            changes |= change
            other.setdefault(how, []).append(found.title)
            lost += [found.title] if how == "dropped" and found.kind == "network" else []
    dropped = {parts(key)[1][:1] for key, value in changes.items() if not value}
    counts = {key: value for key, value in _counts({**flaws.records, **changes}) if parts(key)[1] in dropped}
    said = [f"correct one flipped bit in {', '.join(proven)}"] if proven else []
    said += [f"{', '.join(names)} {'restored ' if how.startswith('from') else ''}{how}" for how, names in other.items()]
    return MendedRecords(changes={**changes, **counts}, parts=tuple(said), lost=tuple(lost))


def _otherwise(
    records: Records,
    found: FlawedRecord,
    remains: NetworkRemains,
    database: NetworkDatabase,
    containers: Containers,
) -> tuple[str, Records]:
    """Return the source of a record that no single bit explains, and the change."""
    if found.kind == "endpoint_count":
        return "from the endpoints", {found.key: _count(records, found.ids[0])}
    kept = remains.kept.get(found.key, b"")
    if kept and found.kind and not flaw(found.kind, found.ids, kept[INDEX_BYTES:]):
        return f"from the backup {remains.age}", {found.key: kept}
    page = remains.pages.get(found.key, b"")
    if page and found.kind and not flaw(found.kind, found.ids, page[INDEX_BYTES:]) and page != records[found.key]:
        return "from an older state of the file", {found.key: page}
    if found.kind in _JOINS:
        return "dropped (the engine recreates it when the container starts)", dict(_joined(records, found))
    if found.kind and found.ids:
        made = restored_network(remains, database, containers, found.ids[0])
        if made.records and not any(name in BUILT_IN for name in _names(containers, found.ids[0])):
            return f"from {made.origin}", {key: value for key, value in made.records.items() if _is_bad(records, key)}
    return "dropped", {found.key: b""}


def _names(containers: Containers, identity: str) -> Iterator[str]:
    for container in containers.items:
        yield from (place.name for place in container.networks if place.network_id == identity)


def _is_bad(records: Records, key: bytes) -> bool:
    kind, ids = parts(key)
    return key not in records or bool(flaw(kind, ids, records[key][INDEX_BYTES:]))


def _joined(records: Records, found: FlawedRecord) -> Iterator[tuple[bytes, bytes]]:
    """Yield the records of the same endpoint, to be dropped: the engine can't remove half of one."""
    yield found.key, b""
    if found.kind == "sandbox" or not found.ids:
        return
    own = found.ids[-1]
    for key, value in records.items():
        kind, ids = parts(key)
        if kind in _JOINS and ((ids and ids[-1] == own) or (kind == "sandbox" and own.encode() in value)):
            yield key, b""


def _counts(records: Records) -> Iterator[tuple[bytes, bytes]]:
    """Yield each network's correct count of endpoints."""
    for key, value in records.items():
        kind, ids = parts(key)
        if kind == "endpoint_count" and ids and value:
            yield key, _count(records, ids[0], value[:INDEX_BYTES])


def _count(records: Records, identity: str, index: bytes = b"\1" + bytes(INDEX_BYTES - 1)) -> bytes:
    top = f"{PREFIX}endpoint/{identity}/".encode()
    return index + b'{"Count":%d}' % sum(1 for key, value in records.items() if value and key.startswith(top))
