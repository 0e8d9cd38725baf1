"""Crate's data root and its process."""

from typing import Any

from msgspec import Struct

from doctor.facts.engine.control import EngineControl
from doctor.model.paths import HostPath


class Crates(Struct, frozen=True, kw_only=True):
    """The data root.

    Attributes:
        index: box → digest of its image, as the index has it.
        boxes: the boxes that have a directory.
        changed: when it changed last, in seconds since the epoch.
    """

    path: HostPath
    index: dict[str, Any]
    boxes: tuple[str, ...]
    images: dict[str, str] = {}


class CrateControl(EngineControl, frozen=True, kw_only=True):
    """How crated is stopped and started here."""


class OfIndex(Struct, frozen=True, kw_only=True):
    """Boxes that the index lacks."""

    path: HostPath
    boxes: tuple[str, ...]
