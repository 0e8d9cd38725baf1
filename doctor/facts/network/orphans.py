"""Records of the network database that a failed start leaves behind."""

import json

from doctor.facts.databases.flawed_records import Records
from doctor.formats.json_values import mapping

_BRIDGE = b"docker/network/v1.0/bridge/"
_NETWORK = b"docker/network/v1.0/network/"
_INDEX_BYTES = 8


def orphans(records: Records) -> tuple[bytes, ...]:
    """Return the keys of the bridge driver's records for the default bridge whose network does not exist."""
    found = []
    for key, value in records.items():
        if not key.startswith(_BRIDGE) or key.replace(_BRIDGE, _NETWORK, 1) in records:
            continue
        try:
            body = mapping(json.loads(value[_INDEX_BYTES:]))
        except ValueError:
            continue
        if body.get("DefaultBridge") is True and body.get("BridgeName") == "docker0":
            found.append(key)
    return tuple(found)
