"""Copies of lost or damaged image configs, each with the right hash."""

from msgspec import Struct

from doctor.model.missing import Missing


class ImageSource(Struct, frozen=True, kw_only=True):
    """A config that has the hash of its name.

    Attributes:
        content: its bytes.
        origin: where it comes from ("BuildKit's copy", "one flipped bit turned back").
    """

    content: bytes
    origin: str


class ImageSources(Struct, frozen=True, kw_only=True):
    """By image id without "sha256:", for the images whose config is damaged or missing."""

    items: dict[str, ImageSource]
    gaps: tuple[Missing, ...] = ()
