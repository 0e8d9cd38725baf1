"""The programs that the engine starts."""

from msgspec import Struct

NAMES = ("runc", "containerd", "containerd-shim-runc-v2", "docker-init", "docker-proxy")


class EnginePrograms(Struct, frozen=True, kw_only=True):
    """Which of the engine's helpers are installed. Missing where dockerd itself is not on this disk.

    Attributes:
        dockerd: its path.
        found: name → path of those that exist and are executable.
        broken: name → what is wrong with a file that is there ("not executable", "empty").
    """

    dockerd: str
    found: dict[str, str]
    broken: dict[str, str]
