"""Waits until a descriptor can be read."""

import select


def readable(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read, or the end, within this time. select(2) can't watch descriptors above 1,023."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(max(0.0, seconds) * 1000))
