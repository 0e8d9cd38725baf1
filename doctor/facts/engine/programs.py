"""The programs that the engine starts."""

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker

NAMES = (docker.RUNC, containerd.PROCESS, containerd.SHIM, docker.INIT, docker.PROXY)


class EnginePrograms(Struct, frozen=True, kw_only=True):
    """The engine's helpers that are installed. Missing if dockerd itself is not on this disk.

    Attributes:
        dockerd: path of dockerd.
        runtime: name of the default runtime, which is among the others if the settings name its path.
        lacks: name → the file that makes a broken one work again: its own path, or the name of a missing library.
        owners: name → package (dpkg) that has this file; "" if no package has it; absent without dpkg.
        found: name → path of those that can be executed.
        broken: name → path and problem of an existing file ("/usr/bin/runc: not executable").
    """

    dockerd: str
    found: dict[str, str]
    broken: dict[str, str]
    runtime: str = docker.RUNC
    lacks: dict[str, str] = {}
    owners: dict[str, str] = {}

    def problem(self, name: str) -> tuple[str, str]:
        """Return path and problem of a program that can't be executed; ("", "") for any other."""
        path, _, problem = self.broken.get(name, "").partition(": ")
        return path, problem
