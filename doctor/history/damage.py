"""Renames a corrupt history, so that a new one can begin."""

import os
import time
from contextlib import suppress

_KEPT = 4
"""Corrupt files that are kept, a journal counting as one: a failing disk must not be filled with them."""


def set_aside(path: str) -> str:
    """Rename a damaged database and return its new path; only the latest few are kept. Raises ``OSError``.

    The process id distinguishes renames in the same second.
    """
    aside = f"{path}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
    os.rename(path, aside)
    # Its journal would be applied to the new one.
    if os.path.exists(f"{path}-journal"):
        os.rename(f"{path}-journal", f"{aside}-journal")
    directory, name = os.path.split(path)
    with suppress(OSError):
        damaged = sorted(one for one in os.listdir(directory) if one.startswith(f"{name}.damaged-"))
        for one in damaged[:-_KEPT]:
            os.unlink(os.path.join(directory, one))
    return aside
