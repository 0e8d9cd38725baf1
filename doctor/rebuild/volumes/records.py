"""Rebuilds volume records from a damaged database and the volumes' directories."""

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.backup.files import KeptVolumes
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.volumes.volumes import VolumeDirectory, Volumes
from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from doctor.model.missing import Missing
from doctor.model.text import plural

ANONYMOUS = "com.docker.volume.anonymous"
"""Label of a volume with a generated name: `docker volume prune` removes only those."""


class RebuiltVolumes(Struct, frozen=True, kw_only=True):
    """A new volume database.

    Attributes:
        content: the file.
        kept: names with their own records, labels included.
        restored: names with a record only in the metadata backup; ``age`` is its age.
        inferred: names with a record made from their directory: options are right, labels are not known.
    """

    content: bytes
    kept: tuple[str, ...]
    restored: tuple[str, ...] = ()
    age: str = ""
    inferred: tuple[str, ...]

    @property
    def origin(self) -> str:
        """Sources of the records, for a summary."""
        parts = [f"{plural(len(self.kept), 'record')} from its pages"] if self.kept else []
        if self.restored:
            parts.append(f"{plural(len(self.restored), 'record')} from the backup {self.age}")
        if self.inferred or not parts:
            parts.append(f"{plural(len(self.inferred), 'record')} from the volumes' directories, without labels")
        return ", ".join(parts)


def rebuild_volumes(
    database: VolumeDatabase, volumes: Volumes, backup: KeptVolumes | Missing | None = None
) -> RebuiltVolumes:
    """Return a database with one record a volume: from a page, else from the backup, else made from its directory."""
    kept_values = backup.values if isinstance(backup, KeptVolumes) else {}
    values = {**kept_values, **database.salvaged}
    kept, restored = _names(database.salvaged), _names(kept_values.keys() - database.salvaged.keys())
    inferred = []
    for name, volume in volumes.items.items():
        if name.encode("utf-8", "surrogateescape") not in values:
            inferred.append(name)
            values[name.encode("utf-8", "surrogateescape")] = _record(volume)
    content = write(Bucket(buckets={docker.VOLUME_BUCKET.encode(): Bucket(keys=dict(sorted(values.items())))}))
    age = backup.age if isinstance(backup, KeptVolumes) else ""
    return RebuiltVolumes(content=content, kept=kept, restored=restored, age=age, inferred=tuple(inferred))


def _names(keys: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted(key.decode("utf-8", "replace") for key in keys))


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
