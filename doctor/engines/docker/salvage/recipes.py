"""Finds out how each volume of Docker's data root is created.

Records are searched in the volume database, in its corrupt pages, in the metadata backup, in the configs of the containers that
use the volume, and last in the volume's own options file.
"""

from collections.abc import Iterable

from doctor.api.engine import Ask
from doctor.facts.backup.files import KeptVolumes
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import VolumeDatabase, VolumeRecord
from doctor.facts.volumes.volumes import VolumeDirectory
from doctor.formats.json_safe import load_object
from doctor.formats.json_values import text_pairs
from doctor.model.errors import FormatError
from doctor.rebuild.volumes.records import ANONYMOUS
from doctor.salvage.volumes import Recipe


class Recipes:
    """All sources of the volumes of one data root."""

    def __init__(self, ask: Ask) -> None:
        database = ask(VolumeDatabase)
        self.records = database.records if isinstance(database, VolumeDatabase) else {}
        self.pages = database.salvaged if isinstance(database, VolumeDatabase) else {}
        # Read only if the database lacks the record: it reads the backup.
        kept = ask(KeptVolumes) if not self.records else None
        self.kept = kept if isinstance(kept, KeptVolumes) else None
        containers = ask(Containers)
        mounts = (
            [mount for one in containers.items for mount in one.mounts] if isinstance(containers, Containers) else []
        )
        self.drivers = {mount.name: mount.driver for mount in mounts if mount.kind == "volume" and mount.driver}

    def elsewhere(self, there: Iterable[str]) -> list[Recipe]:
        """Return the volumes of other drivers, which have no directory among ``there``."""
        names = (self.records.keys() | self.drivers.keys() | set(map(_text, self.pages))) - set(there)
        found = [self.of(name, None) for name in sorted(names)]
        return [recipe for recipe in found if recipe.driver not in {"", "local"}]

    def of(self, name: str, directory: VolumeDirectory | None) -> Recipe:
        """Return how to create a volume, from the best source."""
        record, origin = self._record(name)
        driver = (record.driver if record is not None else "") or self.drivers.get(name, "local")
        labels = dict(record.labels) if record is not None else {}
        if record is None and directory is not None and directory.is_anonymous:
            labels[ANONYMOUS] = ""
        options = dict(record.options) if record is not None else {}
        if not options and directory is not None:
            pairs = {"type": directory.mount_type, "device": directory.mount_device, "o": directory.mount_options}
            options = {key: value for key, value in pairs.items() if value}
        return Recipe(name=name, driver=driver, labels=labels, options=options, origin=origin)

    def _record(self, name: str) -> tuple[VolumeRecord | None, str]:
        if name in self.records:
            return self.records[name], ""
        key = name.encode("utf-8", "surrogateescape")
        found = _parsed(name, self.pages.get(key, b""))
        if found is not None:
            return found, "labels and options from pages of the corrupt database"
        found = _parsed(name, self.kept.values.get(key, b"")) if self.kept is not None else None
        if found is not None and self.kept is not None:
            return found, f"labels and options from the backup {self.kept.age}"
        return None, "its labels are unknown: the engine's database has no record of it"


def _parsed(name: str, value: bytes) -> VolumeRecord | None:
    if not value:
        return None
    try:
        found = load_object(value)
    except FormatError:
        return None
    return VolumeRecord(
        name=name,
        driver=str(found.get("Driver") or "local"),
        labels=text_pairs(found.get("Labels")),
        options=text_pairs(found.get("Options")),
    )


def _text(key: bytes) -> str:
    return key.decode("utf-8", "surrogateescape")
