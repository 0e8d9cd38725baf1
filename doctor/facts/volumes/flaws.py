"""Corrupt records of the volume database, and the single flipped bit that explains each.

Source: Moby volume/service/db.go: name → {"Name","Driver","Labels","Options"}. dockerd skips a record that it can't decode.
"""

from collections.abc import Mapping

from msgspec import Struct

from doctor.facts.databases.flawed_records import FlawedRecord, Records, flips, is_altered, is_as_written
from doctor.facts.secrets.redact import as_json
from doctor.facts.volumes.volumes import VolumeDirectory
from doctor.formats.json_safe import load
from doctor.model.errors import FormatError
from doctor.model.paths import HostPath
from doctor.model.text import is_one_bit_off

_KEYS = ("Name", "Driver", "Labels", "Options")
_MAX_FLAWED = 64


class VolumeFlaws(Struct, frozen=True, kw_only=True):
    """Corrupt records of a volume database with valid pages.

    Attributes:
        path: the file.
        records: name → value, of the newest tree.
        flawed: the corrupt ones among them.
    """

    path: HostPath
    records: Records
    flawed: tuple[FlawedRecord, ...]


def flawed_volumes(
    records: Records, directories: Mapping[str, VolumeDirectory], kept: Records
) -> tuple[FlawedRecord, ...]:
    """Return the corrupt records, the first 64."""
    found = []
    for key, value in records.items():
        name, was = key.decode("utf-8", "replace"), kept.get(key, b"")
        slip = _near(name, directories, records)
        if problem := flaw(key, value) or (slip and f"no volume has that name; {as_json(slip)} differs by one bit"):
            found.append(_flawed(key, name, problem, refused=bool(_undecoded(value)), kept=was, slip=slip))
        elif value != was and is_altered(value, was):
            found.append(_flawed(key, name, "it differs from the backup by one bit", refused=False, kept=was))
        elif odd := _odd_option(value, directories.get(name)):
            found.append(_flawed(key, name, odd, refused=False, kept=was))
        if len(found) >= _MAX_FLAWED:
            break
    return tuple(found)


def _flawed(key: bytes, name: str, problem: str, *, refused: bool, kept: bytes, slip: str = "") -> FlawedRecord:
    slips = ((name, slip),) if slip else ()
    return FlawedRecord(key=key, kind="volume", ids=(name,), problem=problem, refused=refused, kept=kept, slips=slips)


def _near(name: str, directories: Mapping[str, VolumeDirectory], records: Records) -> str:
    """Return the volume without a record whose name is one bit away from a record without a volume, else ""."""
    if name in directories:
        return ""
    free = [one for one in directories if one.encode("utf-8", "surrogateescape") not in records]
    near = [one for one in free if is_one_bit_off(one, name)]
    return near[0] if len(near) == 1 else ""


def _undecoded(value: bytes) -> str:
    try:
        record = load(value)
    except FormatError as error:
        return str(error)
    if not isinstance(record, dict):
        return "not a JSON object"
    wrong = [key for key in ("Name", "Driver") if not isinstance(record.get(key, ""), str)]
    wrong += [
        key
        for key in ("Labels", "Options")
        if record.get(key) is not None
        and not (isinstance(record[key], dict) and all(isinstance(item, str) for item in record[key].values()))
    ]
    return f"{as_json(wrong[0])} has a wrong type" if wrong else ""


def flaw(key: bytes, value: bytes, *, strict: bool = False) -> str:
    """Return the problem of a record, "" for none.

    >>> flaw(b"db", b'{"Name":"db","Driver":"local","Labels":null,"Options":null}')
    ''
    >>> flaw(b"db", b'{"Name":"db","Dri6er":"local","Labels":null,"Options":null}')
    'it has a key "Dri6er" that no engine writes'
    """
    if problem := _undecoded(value):
        return problem
    try:
        value.decode()
    except UnicodeDecodeError:
        return "it has bytes that are not UTF-8, which Go never writes"
    record = load(value)
    for name in record:
        if name not in _KEYS and (strict or any(is_one_bit_off(name, one) and one not in record for one in _KEYS)):
            return f"it has a key {as_json(name)} that no engine writes"
    if is_one_bit_off(str(record.get("Driver")), "local"):
        return f'its driver is {as_json(record["Driver"])}, one bit away from "local"'
    said = str(record.get("Name"))
    return "" if said.encode("utf-8", "surrogateescape") == key else f"it names another record: {as_json(said[:64])}"


def _odd_option(value: bytes, directory: VolumeDirectory | None) -> str:
    """Return the problem of an option that is one bit away from the volume's ``opts.json``, "" for none."""
    if directory is None or directory.options_status != "ok":
        return ""
    options = load(value).get("Options") or {}
    for name, text in (
        ("device", directory.mount_device),
        ("o", directory.mount_options),
        ("type", directory.mount_type),
    ):
        if text and is_one_bit_off(str(options.get(name, "")), text):
            return f"its option {as_json(name)} is one bit away from the one in its opts.json"
    return ""


def corrected_volume(flaws: VolumeFlaws, found: FlawedRecord) -> tuple[Records, bool] | None:
    """Return the change (name → value, b"" to drop) that corrects a record, and whether it is proven."""
    value = flaws.records[found.key]
    if found.kept and not flaw(found.key, found.kept, strict=True):
        return {found.key: found.kept}, is_altered(value, found.kept) or sum(map(len, (value, found.kept))) == 2 * len(
            value
        )
    if found.slips:
        right = found.slips[0][1].encode("utf-8", "surrogateescape")
        ways = [way for way in (value, *flips(value, 0)) if not flaw(right, way, strict=True)]
        return ({found.key: b"", right: ways[0]}, True) if ways else None
    ways = [
        way for way in flips(value, 0) if not flaw(found.key, way, strict=True) and is_as_written(way, sort_keys=False)
    ]
    return ({found.key: ways[0]}, True) if len(ways) == 1 else None
