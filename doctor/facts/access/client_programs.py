"""The docker command of this host and its plugins."""

from msgspec import Struct

from doctor.model.paths import HostPath


class BrokenClient(Struct, frozen=True, kw_only=True):
    """A file that the kernel can't execute.

    Attributes:
        path: the file; ``name`` of the command ("docker", "docker buildx").
        problem: why it can't be executed.
        is_plugin: whether it is a plugin of the command.
    """

    path: HostPath
    name: str
    problem: str
    is_plugin: bool = False


class ClientPrograms(Struct, frozen=True, kw_only=True):
    """Those that are broken. Missing if no docker command is installed."""

    broken: tuple[BrokenClient, ...] = ()
