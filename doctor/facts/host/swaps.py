"""Swap areas in use."""

from msgspec import Struct


class Swaps(Struct, frozen=True, kw_only=True):
    """The devices and files of /proc/swaps, in its order.

    Attributes:
        used_kib: how much of them is in use.
        free_kib: memory that is free for what is in them, ``None`` if unknown.
    """

    devices: tuple[str, ...]
    used_kib: int = 0
    free_kib: int | None = None

    @property
    def fits_memory(self) -> bool:
        """Whether memory takes what is in them, with as much left again."""
        return not self.used_kib or (self.free_kib is not None and self.free_kib > 2 * self.used_kib)
