"""Finds records of the network database that no engine would write: the fault of each, and the single bit that repairs
it.

Several records hold the same value (an endpoint's address, a network's gateway, ids); a copy that is one bit away from
the others is damaged. Two copies prove only that one of them is wrong.
"""

from collections.abc import Iterable, Iterator

from doctor.facts.databases.flawed_records import FlawedRecord, Records, flips, is_altered, is_as_written
from doctor.formats.network.libnetwork import INDEX_BYTES, KINDS, PREFIX, flaw, is_refused, names_ids, parts
from doctor.model.text import flipped_byte
from doctor.rebuild.network.copies import SharedValue, best, slips

_MAX_FLAWED = 64
_FATAL = frozenset(
    {"network", "bridge", "bridge-endpoint", "endpoint", "endpoint_count", "macvlan/network", "ipvlan/network"}
)
_STRUCTS = frozenset({"sandbox", "endpoint_count"})


def flawed_networks(
    records: Records, shared: Iterable[SharedValue] = (), kept: Records | None = None
) -> tuple[FlawedRecord, ...]:
    """Return the records that are damaged, the first 64.

    ``shared`` are values that containers hold too, ``kept`` the records of the metadata backup.
    """
    found: list[FlawedRecord] = []
    for key, value in records.items():
        kind, ids = parts(key)
        if len(found) >= _MAX_FLAWED:
            break
        if kind not in KINDS or not names_ids(kind, ids):
            if problem := _key_problem(kind, key):
                found.append(FlawedRecord(key=key, kind="", ids=ids, problem=problem, refused=True))
        elif len(value) > INDEX_BYTES and (problem := flaw(kind, ids, value[INDEX_BYTES:])):
            fatal = kind in _FATAL and is_refused(kind, ids, value[INDEX_BYTES:])
            found.append(FlawedRecord(key=key, kind=kind, ids=ids, problem=problem, refused=fatal))
    known = {one.key for one in found}
    for one in (*_altered(records, kept or {}), *_odd_copies(records, shared)):
        if one.key not in known:
            known.add(one.key)
            found.append(one)
    return tuple(found[:_MAX_FLAWED])


def _altered(records: Records, kept: Records) -> Iterator[FlawedRecord]:
    """Yield records that differ from the backup by one bit although the engine has not written them since."""
    for key, value in records.items():
        was = kept.get(key, b"")
        kind, ids = parts(key)
        if ids and value != was and value[:INDEX_BYTES] == was[:INDEX_BYTES] and is_altered(value, was):
            problem = "it differs from the backup by one bit, though the engine has not written it since"
            yield FlawedRecord(key=key, kind=kind, ids=ids, problem=problem, refused=False, kept=was)


_NO_NETWORK = f"{PREFIX}endpoint_count/".encode()
"""After an upgrade from 20.10, engine 28.5 has this count of no network; no engine since 28.1 uses counts."""


def _key_problem(kind: str, key: bytes) -> str:
    """Return the fault of a key that names no record, "" if another engine may have written it."""
    if key == _NO_NETWORK:
        return ""
    if kind in KINDS:
        return "its key names no id"
    rest = key.removeprefix(PREFIX.encode())
    # The slash after the kind counts: without it kind and id run together.
    words = [f"{one}/" for one in sorted(KINDS)] if kind else [PREFIX]
    near = next((one for one in words if flipped_byte(rest[: len(one)], one.encode()) >= 0), "")
    return f"the engine writes no such key; {near!r} differs by one bit" if near else ""


def _odd_copies(records: Records, shared: Iterable[SharedValue]) -> Iterator[FlawedRecord]:
    for key, found in slips(records, shared).items():
        kind, ids = parts(key)
        first = found[0]
        yield FlawedRecord(
            key=key,
            kind=kind,
            ids=ids,
            problem=f"its {first.what} is {first.text!r}, others have {first.right!r}, one bit away",
            refused=False,
            slips=tuple((slip.text, slip.right) for slip in found if slip.is_proven),
        )


def mended_network(records: Records, found: FlawedRecord, shared: Iterable[SharedValue] = ()) -> Records | None:
    """Return the change (key → value, b"" to drop) that undoes one flipped bit of a flawed record, if exactly one
    explains it.
    """
    value = records[found.key]
    if found.kept:
        return {found.key: found.kept}
    if found.slips:
        return _unslipped(records, found)
    if not found.kind:
        return _renamed(records, found)
    if not flaw(found.kind, found.ids, value[INDEX_BYTES:]):
        return None
    ways = [data for data in flips(value, INDEX_BYTES) if _fits(found, data)]
    renamed = _renamed(records, found)
    if renamed is not None:
        moved = parts(next(key for key in renamed if key != found.key))[1]
        known, other = _mentions(records, found.key, moved), _mentions(records, found.key, found.ids)
        if not ways or known > other:
            return renamed
        if known == other:
            return None
    if len(ways) > 1:
        ways = best(records, found.key, ways, shared)
    return {found.key: ways[0]} if len(ways) == 1 else None


def _mentions(records: Records, but: bytes, ids: tuple[str, ...]) -> int:
    """Return how often other records and their keys name these ids."""
    wanted = [identity.encode() for identity in ids]
    return sum((one in key) + (one in value) for key, value in records.items() if key != but for one in wanted)


def _fits(found: FlawedRecord, value: bytes) -> bool:
    body = value[INDEX_BYTES:]
    return not flaw(found.kind, found.ids, body, strict=True) and is_as_written(
        body, sort_keys=found.kind not in _STRUCTS
    )


def _unslipped(records: Records, found: FlawedRecord) -> Records | None:
    """Replace the wrong text by the right one, in the record or in its key; ``None`` if there are two ways."""
    value = records[found.key]
    ways: list[Records] = []
    for text, right in dict.fromkeys(found.slips):
        old, new = text.encode(), right.encode()
        if old in found.key:
            key = found.key.replace(old, new)
            kind, ids = parts(key)
            if key not in records and not flaw(kind, ids, value[INDEX_BYTES:]):
                ways.append({found.key: b"", key: value})
        start = value.find(old, INDEX_BYTES)
        while start >= 0:
            way = value[:start] + new + value[start + len(old) :]
            if _fits(found, way) and {found.key: way} not in ways:
                ways.append({found.key: way})
            start = value.find(old, start + 1)
    return ways[0] if len(ways) == 1 else None


def _renamed(records: Records, found: FlawedRecord) -> Records | None:
    """Return the change that moves a record to its correct key if one bit of the key is flipped."""
    value = records[found.key]
    ways = []
    for key in flips(found.key, 0):
        kind, ids = parts(key)
        if kind in KINDS and names_ids(kind, ids) and key not in records and not flaw(kind, ids, value[INDEX_BYTES:]):
            ways.append(key)
    if len(ways) > 1:
        known = {ids[0] for kind, ids in map(parts, records) if kind in {"network", "bridge"} and ids}
        ways = [key for key in ways if parts(key)[1][0] in known]
    return {found.key: b"", ways[0]: value} if len(ways) == 1 else None
