"""Details of findings about storage: values that a check hands to its fixer."""

from msgspec import Struct


class DriverChoice(Struct, frozen=True, kw_only=True):
    """A storage driver that can't be used, and the one to name instead ("" the engine's choice, ``None`` unknown)."""

    driver: str
    wanted: str | None


class MountedWith(Struct, frozen=True, kw_only=True):
    """Options of a mount that forbid what containers or volumes need."""

    options: tuple[str, ...]


class HiddenImages(Struct, frozen=True, kw_only=True):
    """The driver in force, and the one whose images are hidden ("" if naming it would hide others)."""

    driver: str
    wanted: str


class ForeignOption(Struct, frozen=True, kw_only=True):
    """The option as written; ``is_foreign`` when the driver does not know it at all."""

    text: str
    is_foreign: bool
