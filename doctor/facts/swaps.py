"""Swap areas in use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Swaps:
    """The devices and files of /proc/swaps, in its order."""

    devices: tuple[str, ...]
