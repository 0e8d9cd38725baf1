"""doctor: finds out why a container host is broken, repairs it without loss, and proves it."""

import posix
import sys

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


IS_ONE_FILE = f"{sys.executable}/doctor" == _HERE  # a file that holds this package and runs it
"""Whether the interpreter is the file that holds this package: nothing of doctor is in a directory."""


def has_tls() -> bool:
    """Whether the interpreter has TLS: that of the one file has none (docs/decisions/0059, 0072)."""
    from importlib.util import find_spec  # noqa: PLC0415 - few commands ask

    return find_spec("_ssl") is not None


def own_file(path: str) -> bytes:
    """Return the content of a file that is part of doctor, also where the package is in an archive or in one file."""
    content: bytes = __loader__.get_data(path)  # type: ignore[name-defined]
    return content


if not _is_there(f"{_HERE}/checks") and _is_there(f"{_HERE}/../pyproject.toml"):
    __path__.append(_HERE.rpartition("/")[0])
