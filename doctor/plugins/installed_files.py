"""Reads the installer's record of doctor's own files: a missing check is an error of the scan, and never goes unnoticed.

Read without ``importlib.metadata``, which costs as much as sixty checks. A checkout, an editable installation and a
distribution's package have no such record: then only the existing files are known.
"""

import os
from collections.abc import Iterator

import doctor
from doctor.plugins.rooms import OURS

KINDS = ("checks", "fixers", "probes", "formats")
_NAME = "container_doctor-"


def files() -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, id, module and path of each check, fixer, probe and format that was installed."""
    site = os.path.dirname(os.path.dirname(os.path.abspath(doctor.__file__)))
    folders = {f"{getattr(OURS, kind).replace('.', '/')}/": kind for kind in KINDS}
    for line in _record(site):
        name = line.partition(",")[0]
        for folder, kind in folders.items():
            if name.startswith(folder) and name.endswith(".py"):
                stem = name.removesuffix(".py")
                area, _, rest = stem.removeprefix(folder).rpartition("/")
                # An area may have folders for subjects, which are no part of an id.
                identity = f"{area.partition('/')[0]}/{rest}" if area else rest
                is_shared = identity.rpartition("/")[2].startswith("_")
                if not is_shared and ("/" in identity) == (kind in {"checks", "fixers"}):
                    yield kind, identity.replace("_", "-"), stem.replace("/", "."), f"{site}/{name}"


def _record(site: str) -> list[str]:
    """Return the lines of the newest record beside the package; empty without a record."""
    lines: list[str] = []
    try:
        for name in sorted(os.listdir(site)):
            if name.startswith(_NAME) and name.endswith(".dist-info"):
                with open(f"{site}/{name}/RECORD", encoding="utf-8", errors="surrogateescape") as stream:
                    lines = stream.read().splitlines()
    except OSError:
        return lines
    return lines
