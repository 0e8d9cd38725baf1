"""Containers that use the engine's API with a version that the engine refuses."""

import re

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath

Version = tuple[int, int]
"""Of the API: (1, 44)."""


class Refusal(Struct, frozen=True, kw_only=True):
    """One container whose requests are refused.

    Attributes:
        container: its name.
        source: the file that shows it.
        line: the error of its log, or its variable.
        asked: the API version of its requests.
        is_old: whether that is older than the engine accepts; else it is newer.
        is_pinned: whether the container's DOCKER_API_VERSION sets it.
    """

    container: str
    source: HostPath
    line: str
    asked: Version
    is_old: bool
    is_pinned: bool = False


class ApiRefusals(Struct, frozen=True, kw_only=True):
    """The running containers with a mount of the engine's socket whose requests the running engine refuses.

    Attributes:
        oldest: the oldest version that the engine accepts.
        newest: its own version.
        source: what shows them.
    """

    oldest: Version
    newest: Version
    source: str = "GET /version"
    items: tuple[Refusal, ...] = ()
    gaps: tuple[Missing, ...] = ()


def floor(release: tuple[int, int, int]) -> Version:
    """Return the oldest version that an engine accepts without a setting (moby daemon/config, api/common)."""
    if release < (25, 0, 0):
        return 1, 12
    if release < (29, 0, 0):
        return 1, 24
    return (1, 44) if release < (29, 3, 0) else (1, 40)


def parsed(value: str) -> Version | None:
    """Return a version of its spelling, ``None`` for anything else.

    >>> parsed("1.44"), parsed("1.x")
    ((1, 44), None)
    """
    found = re.fullmatch(r"(\d{1,3})\.(\d{1,3})", value)
    return (int(found[1]), int(found[2])) if found else None


def word(version: Version) -> str:
    """Return the spelling of a version."""
    return f"{version[0]}.{version[1]}"
