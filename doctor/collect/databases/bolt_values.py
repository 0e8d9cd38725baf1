"""Decodes values of the engine's databases, and salvages values from the pages of a corrupt file.

Keys and values: libnetwork datastore and its bridge driver ("docker/network/v1.0/network/ID/", an eight-byte little-endian
index, then JSON); moby volume/service/db.go (name → JSON).
"""

from typing import Any

from doctor.engines.docker import places as docker
from doctor.facts.databases.databases import NetworkRecord, VolumeRecord
from doctor.formats.databases.bolt import Bucket
from doctor.formats.json_safe import load_object
from doctor.formats.json_values import text, text_pairs
from doctor.model.errors import FormatError


def network_records(root: Bucket | None) -> dict[str, NetworkRecord]:
    """Return the networks of a tree by id; records that can't be read are left out."""
    bucket = root.at(docker.NETWORK_BUCKET) if root is not None else None
    found = {}
    for key, value in (bucket.keys if bucket is not None else {}).items():
        parts = key.decode("utf-8", "replace").removeprefix(docker.NETWORK_KEYS).split("/")
        if parts[0] != "network" or len(parts) < 2:
            continue
        record = _object(value[8:])
        if record.get("id") == parts[1]:
            found[parts[1]] = NetworkRecord(
                id=parts[1], name=text(record.get("name")), driver=text(record.get("networkType"))
            )
    return found


def volume_records(root: Bucket | None) -> dict[str, VolumeRecord]:
    """Return the volumes of a tree by name."""
    bucket = root.at(docker.VOLUME_BUCKET) if root is not None else None
    found = {}
    for key, value in (bucket.keys if bucket is not None else {}).items():
        record = _object(value)
        name = key.decode("utf-8", "replace")
        if record.get("Name") == name:
            found[name] = VolumeRecord(
                name=name,
                driver=text(record.get("Driver")),
                labels=text_pairs(record.get("Labels")),
                options=text_pairs(record.get("Options")),
            )
    return found


def salvage_networks(data: bytes) -> dict[bytes, bytes]:
    """Return the libnetwork records in any page: of several for one key the one with the highest index."""
    from doctor.formats.databases.bolt_salvage import leaf_entries  # noqa: PLC0415 - most databases are whole

    found: dict[bytes, bytes] = {}
    for key, value in leaf_entries(data):
        if not key.startswith(docker.NETWORK_KEYS.encode()) or not _object(value[8:]):
            continue
        if key not in found or _index(value) > _index(found[key]):
            found[key] = value
    return found


def salvage_volumes(data: bytes) -> dict[bytes, bytes]:
    """Return the volume records in any page; none for a name with different records, as none of them is proven."""
    from doctor.formats.databases.bolt_salvage import leaf_entries  # noqa: PLC0415 - most databases are whole

    found: dict[bytes, set[bytes]] = {}
    for key, value in leaf_entries(data):
        if _object(value).get("Name") == key.decode("utf-8", "replace"):
            found.setdefault(key, set()).add(value)
    return {key: values.pop() for key, values in found.items() if len(values) == 1}


def _index(value: bytes) -> int:
    return int.from_bytes(value[:8], "little")


def _object(data: bytes) -> dict[str, Any]:
    try:
        return load_object(data)
    except FormatError:
        return {}
