"""Recreates volumes: driver, options and labels, as ``docker volume create`` takes them.

Options may hold a password (CIFS): files with them are readable by their owner only, and they are never shown.
"""

import json
import shlex
from collections.abc import Iterable
from typing import Annotated

from msgspec import field

from doctor.model.secret import SECRET, Guarded

FOLDER = "volumes"
SCRIPT = "restore.sh"
"""In the folder of the volumes."""

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
