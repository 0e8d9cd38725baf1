"""Copies of lost or damaged image configs, each with the right hash."""

from dataclasses import dataclass

from doctor.model.missing import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """A config that has the hash of its name.

    Attributes:
        content: its bytes.
        origin: where it comes from ("BuildKit's copy", "one flipped bit turned back").
    """

    content: bytes
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSources:
    """By image id without "sha256:", for the images whose config is damaged or missing."""

    items: dict[str, ImageSource]
    gaps: tuple[Missing, ...] = ()
