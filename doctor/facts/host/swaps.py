"""Swap areas in use."""

from msgspec import Struct


class Swaps(Struct, frozen=True, kw_only=True):
    """The devices and files of /proc/swaps, in its order.

    Attributes:
        used_kib: their used space.
        free_kib: free memory, ``None`` if unknown.
    """

    devices: tuple[str, ...]
    used_kib: int = 0
    free_kib: int | None = None

    @property
    def fits_memory(self) -> bool:
        """Whether free memory is at least twice the used swap."""
        return not self.used_kib or (self.free_kib is not None and self.free_kib > 2 * self.used_kib)
