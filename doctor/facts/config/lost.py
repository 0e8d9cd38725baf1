"""Records of the settings of a daemon.json that can't be read: where its data root was, and copies of the file."""

import json
from typing import Any

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.step import Meta


class KnownRoot(Struct, frozen=True, kw_only=True):
    """One data root that the lost file may have named.

    Attributes:
        path: the directory.
        driver: the storage driver of these images, if several have images there; "" otherwise.
        images: number of image configs in it; ``containers`` number of container directories.
        sources: what names it ("the running engine", "the text of the file", …).
        settings: the smallest daemon.json with which the engine uses it.
    """

    path: HostPath
    driver: str = ""
    images: int = 0
    containers: int = 0
    sources: tuple[str, ...] = ()
    settings: dict[str, Any] = {}

    @property
    def content(self) -> bytes:
        """Return the settings as a file."""
        return f"{json.dumps(self.settings, indent=4)}\n".encode()

    @property
    def holds_anything(self) -> bool:
        """Whether the engine would show images or containers of it."""
        return self.images + self.containers > 0


class SettingsCopy(Struct, frozen=True, kw_only=True):
    """A copy of the file beside it that the engine accepts: its path, its bytes and its keys."""

    path: HostPath
    content: bytes
    keys: tuple[str, ...]


class LostSettings(Struct, frozen=True, kw_only=True):
    """All candidates. ``gaps``: what could not be examined.

    Attributes:
        meta: mode and owner of the file that can't be read, for the one that replaces it; ``None`` if unknown.
    """

    roots: tuple[KnownRoot, ...] = ()
    copies: tuple[SettingsCopy, ...] = ()
    meta: Meta | None = None
    gaps: tuple[Missing, ...] = ()
