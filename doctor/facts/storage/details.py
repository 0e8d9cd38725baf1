"""Details of findings about storage: values that a check passes to its fixer."""

from msgspec import Struct


class DriverChoice(Struct, frozen=True, kw_only=True):
    """A storage driver that can't be used, and its replacement ("" for the engine's choice, ``None`` if unknown)."""

    driver: str
    wanted: str | None


class MountedWith(Struct, frozen=True, kw_only=True):
    """Options of a mount that break containers or volumes."""

    options: tuple[str, ...]


class HiddenImages(Struct, frozen=True, kw_only=True):
    """The effective driver, and the one whose images are hidden ("" if choosing it would hide others)."""

    driver: str
    wanted: str


class ForeignOption(Struct, frozen=True, kw_only=True):
    """The option as written; ``is_foreign``: whether it belongs to another driver."""

    text: str
    is_foreign: bool
