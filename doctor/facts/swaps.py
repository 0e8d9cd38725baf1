"""Swap areas in use."""

from msgspec import Struct


class Swaps(Struct, frozen=True, kw_only=True):
    """The devices and files of /proc/swaps, in its order."""

    devices: tuple[str, ...]
