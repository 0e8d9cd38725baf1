"""Volume records put together again from a damaged database and the volumes' own directories."""

import json
from typing import Any

from msgspec import Struct

from doctor.facts.databases import VolumeDatabase
from doctor.facts.volumes import VolumeDirectory, Volumes
from doctor.formats.bolt import Bucket
from doctor.formats.bolt_write import write

ANONYMOUS = "com.docker.volume.anonymous"
"""Label of a volume whose name the engine made up: `docker volume prune` takes only those."""


class RebuiltVolumes(Struct, frozen=True, kw_only=True):
    """A new volume database.

    Attributes:
        content: the file.
        kept: names whose own records were found, labels included.
        inferred: names whose record was made from their directory: options are right, labels are not known.
    """

    content: bytes
    kept: tuple[str, ...]
    inferred: tuple[str, ...]


def rebuild_volumes(database: VolumeDatabase, volumes: Volumes) -> RebuiltVolumes:
    """Return a database with one record a volume: the one that a page still holds, else one made from its directory."""
    values = dict(database.salvaged)
    kept = tuple(sorted(key.decode("utf-8", "replace") for key in values))
    inferred = []
    for name, volume in volumes.items.items():
        if name.encode("utf-8", "surrogateescape") not in values:
            inferred.append(name)
            values[name.encode("utf-8", "surrogateescape")] = _record(volume)
    content = write(Bucket(buckets={b"volumes": Bucket(keys=dict(sorted(values.items())))}))
    return RebuiltVolumes(content=content, kept=kept, inferred=tuple(inferred))


def _record(volume: VolumeDirectory) -> bytes:
    pairs = {"device": volume.mount_device, "o": volume.mount_options, "type": volume.mount_type}
    options = {key: value for key, value in pairs.items() if value}
    document: dict[str, Any] = {
        "Name": volume.name,
        "Driver": "local",
        "Labels": {ANONYMOUS: ""} if volume.is_anonymous else None,
        "Options": options or None,
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape")
