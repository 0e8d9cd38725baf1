"""Containers that use the engine's API with a version that the engine refuses."""

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
    """

    oldest: Version
    newest: Version
    items: tuple[Refusal, ...] = ()
    gaps: tuple[Missing, ...] = ()


def word(version: Version) -> str:
    """Return the spelling of a version."""
    return f"{version[0]}.{version[1]}"
