"""Recreates volumes: driver, options and labels, as ``docker volume create`` takes them.

Records are searched in the engine's database, in its damaged pages, in the metadata backup, in the configs of the
containers that use the volume, and last in the volume's own ``opts.json``. Options may hold a password (CIFS): files
with them are readable by their owner only, and they are never shown.
"""

import json
import shlex
from collections.abc import Iterable
from typing import Annotated

from msgspec import field

from doctor.facts.backup.files import KeptVolumes
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import VolumeDatabase, VolumeRecord
from doctor.facts.volumes.volumes import VolumeDirectory
from doctor.formats.json_safe import load_object
from doctor.model.errors import FormatError
from doctor.model.secret import SECRET, Guarded
from doctor.rebuild.volumes.records import ANONYMOUS
from doctor.scan.resolve import Facts

SCRIPT = "volumes/restore.sh"

_HEAD = r"""#!/bin/sh
# Recreates and fills these volumes on a host with a working docker, as root: sh restore.sh [NAME…]
# An existing volume is left unchanged. Needs GNU tar.
set -u
cd "$(dirname "$0")" || exit 1
wanted=" $* "
failed=0
volume() {
    name=$1 data=$2
    shift 2
    case $wanted in "  " | *" $name "*) ;; *) return 0 ;; esac
    if docker volume inspect "$name" >/dev/null 2>&1; then
        echo "$name: exists already, left unchanged" >&2
        return 0
    fi
    if ! docker volume create "$@" "$name" >/dev/null; then
        failed=1
        return 0
    fi
    if [ "$data" = data ] && ! tar --extract --file "$name.tar" \
        --directory "$(docker volume inspect --format '{{.Mountpoint}}' "$name")" \
        --preserve-permissions --same-owner --numeric-owner --xattrs --xattrs-include='*'; then
        echo "$name: incomplete; remove it (docker volume rm $name), then run this script again" >&2
        failed=1
        return 0
    fi
    echo "$name: restored"
}
"""


class Recipe(Guarded, frozen=True, kw_only=True):
    """How to create a volume.

    Attributes:
        name: of the volume.
        driver: ``local`` or a plugin's name.
        labels: of the volume; ``options`` may hold a password.
        origin: the source of both, "" for the engine's own database.
    """

    name: str
    driver: str
    labels: dict[str, str] = field(default_factory=dict)
    options: Annotated[dict[str, str], SECRET] = field(default_factory=dict)
    origin: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether its data is outside its directory: a plugin's volume, or a mount by its options."""
        return self.driver != "local" or bool(self.options.get("type") or self.options.get("device"))

    def document(self) -> bytes:
        """Return the body of ``POST /volumes/create`` of the engine's API."""
        document = {"Name": self.name, "Driver": self.driver, "DriverOpts": self.options, "Labels": self.labels}
        return json.dumps(document, indent=1).encode() + b"\n"

    def line(self, *, has_data: bool) -> str:
        """Return the line of the script that creates it."""
        words = ["volume", self.name, "data" if has_data else "empty", "--driver", self.driver]
        for key, value in self.labels.items():
            words += ["--label", f"{key}={value}"]
        for key, value in self.options.items():
            words += ["--opt", f"{key}={value}"]
        return " ".join(map(shlex.quote, words))


def script(made: Iterable[tuple[Recipe, bool]]) -> bytes:
    """Return the script that recreates volumes; each has a flag whether its data was salvaged."""
    lines = "".join(f"{recipe.line(has_data=has_data)}\n" for recipe, has_data in made)
    # A label may hold half of a surrogate pair, which JSON can spell and UTF-8 can't.
    return f"{_HEAD}{lines}exit $failed\n".encode("utf-8", "backslashreplace")


class Recipes:
    """All sources of the volumes of one data root."""

    def __init__(self, facts: Facts) -> None:
        database = facts.get(VolumeDatabase)
        self.records = database.records if isinstance(database, VolumeDatabase) else {}
        self.pages = database.salvaged if isinstance(database, VolumeDatabase) else {}
        # Read only if the database lacks the record: it reads the backup.
        kept = facts.get(KeptVolumes) if not self.records else None
        self.kept = kept if isinstance(kept, KeptVolumes) else None
        containers = facts.get(Containers)
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
            return found, "labels and options from pages of the damaged database"
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
        labels=_texts(found.get("Labels")),
        options=_texts(found.get("Options")),
    )


def _texts(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {key: item for key, item in pairs if isinstance(key, str) and isinstance(item, str)}


def _text(key: bytes) -> str:
    return key.decode("utf-8", "surrogateescape")
