"""Imports msgspec in the cheaper way."""

import sys


def load_msgspec() -> None:
    """Import msgspec without typing_extensions, which loads ``inspect``: 7 ms less.

    msgspec falls back to the standard library, which is enough in every Python that doctor supports. The guard needs it: a first
    check of 60 layers takes 98 ms of CPU, 107 without (minima of 8 in turns), and may take 100.
    """
    name = "typing_extensions"
    if name in sys.modules or "msgspec" in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment] # import's marker for a missing module
    try:
        import msgspec as msgspec  # noqa: PLC0414
    finally:
        del sys.modules[name]
