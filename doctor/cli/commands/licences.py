"""``doctor --licences``: the licences of doctor and of the packages that it needs."""

import os
import re
import sys
from typing import Any

from doctor import IS_ONE_FILE, __version__, own_file
from doctor.model.text import visible

_NAME = re.compile(r"[\w.-]+")
_OWN = "container-doctor"


def show() -> int:
    """Print them: the one file has all texts, an installed command names the packages and where their texts are."""
    if IS_ONE_FILE:
        place = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
        print(own_file(f"{place}/licences.txt").decode(), end="")
        return 0
    print(f"doctor {__version__}: Apache-2.0")
    print(f"Python {sys.version.partition(' ')[0]}: PSF-2.0")
    for line in _packages():
        print(visible(line))
    return 0


def _packages() -> list[str]:
    """Return a line for each installed package that doctor needs, directly or not."""
    from importlib.metadata import PackageNotFoundError, distribution

    known: dict[str, str] = {}
    asked = [_OWN]
    while asked:
        name = asked.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in known:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            known[key] = ""  # of another system
            continue
        about: Any = found.metadata  # a message: mypy's own description of it lacks get()
        licence = (
            about.get("License-Expression") or _short(about.get("License")) or _classified(about.get_all("Classifier"))
        )
        texts = [str(file.locate()) for file in found.files or () if _is_text(file.name)]
        known[key] = "" if name == _OWN else "\n  ".join([f"{about['Name']} {found.version}: {licence}", *texts])
        asked += [match[0] for need in found.requires or () if "extra ==" not in need and (match := _NAME.match(need))]
    return [line for _, text in sorted(known.items()) for line in text.splitlines()]


def _is_text(name: str) -> bool:
    return name.upper().startswith(("LICEN", "COPYING"))


def _short(text: str | None) -> str:
    """Return the first line; some packages have the whole text there."""
    return (text or "").strip().partition("\n")[0]


def _classified(classifiers: list[str] | None) -> str:
    found = [word.rpartition(" :: ")[2] for word in classifiers or () if word.startswith("License :: ")]
    return ", ".join(found) or "unknown: see its package"
