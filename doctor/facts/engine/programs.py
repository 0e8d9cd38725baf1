"""The programs that the engine starts."""

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker

NAMES = (docker.RUNC, containerd.PROCESS, containerd.SHIM, docker.INIT, docker.PROXY)


class EnginePrograms(Struct, frozen=True, kw_only=True):
    """The engine's helpers that are installed. Missing if dockerd itself is not on this disk.

    Attributes:
        dockerd: path of dockerd.
        found: name → path of those that are executable.
        broken: name → problem of an existing file ("not executable", "empty").
    """

    dockerd: str
    found: dict[str, str]
    broken: dict[str, str]
