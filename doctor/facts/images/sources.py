"""Copies of missing or corrupt image configs, each verified by its digest."""

from msgspec import Struct

from doctor.model.missing import Missing


class ImageSource(Struct, frozen=True, kw_only=True):
    """A copy of a config with the right digest.

    Attributes:
        content: its bytes.
        origin: its source ("BuildKit's copy", "one flipped bit corrected").
    """

    content: bytes
    origin: str


class ImageSources(Struct, frozen=True, kw_only=True):
    """By image id without "sha256:", for images whose config is corrupt or missing."""

    items: dict[str, ImageSource]
    gaps: tuple[Missing, ...] = ()
