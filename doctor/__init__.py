"""doctor: finds out why a container host is broken, repairs it without loss, and proves it."""

import posix

__version__ = "0.1.0"

# ``checks``, ``fixers`` and ``reports`` are ``doctor.checks`` and so on: names that no other distribution can overwrite or
# hide. A wheel holds them in this directory; in a checkout they stand beside it (docs/decisions/0020).
_HERE = __file__.rpartition("/")[0]


def _is_there(path: str) -> bool:
    """Whether a path leads to something. Without ``os``: importing it would cost the bundled runtime a tenth of a launch."""
    try:
        posix.stat(path)
    except OSError:
        return False
    return True


if not _is_there(f"{_HERE}/checks") and _is_there(f"{_HERE}/../pyproject.toml"):
    __path__.append(_HERE.rpartition("/")[0])
