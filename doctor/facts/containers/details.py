"""Details of findings about containers: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class ConfigDamaged(Struct, frozen=True, kw_only=True):
    """The file, a valid temporary file beside it if one exists, and the container's directory."""

    path: HostPath
    sibling: HostPath | None
    layer: str


class DriverWrong(Struct, frozen=True, kw_only=True):
    """The container's config and the driver that holds its files."""

    path: HostPath
    driver: str


class WrongType(Struct, frozen=True, kw_only=True):
    """The directories."""

    paths: tuple[HostPath, ...]


class NameTaken(Struct, frozen=True, kw_only=True):
    """The container to rename, and what it would take from the other one.

    Attributes:
        path: its config; ``host_path`` its host config.
        name: a free name for it.
        rivals: resources it would take at the engine's start, because it restarts by itself ("port 8080/tcp").
    """

    path: HostPath
    host_path: HostPath
    name: str
    rivals: tuple[str, ...] = ()


class Startable(Struct, frozen=True, kw_only=True):
    """A container whose start failed: its id, its name, its config, and why a start succeeds now."""

    identity: str
    name: str
    path: HostPath
    reason: str


class StartError(Struct, frozen=True, kw_only=True):
    """A failed start.

    Attributes:
        names: a few of the containers with this error.
        do: the remedy, "" if the error is unknown.
        startable: all of them if the cause is gone for each.
    """

    names: tuple[str, ...]
    do: str
    startable: tuple[Startable, ...] = ()


class OfContainers(Struct, frozen=True, kw_only=True):
    """The names of a few containers, for a command."""

    names: tuple[str, ...]


class SharedNetwork(Struct, frozen=True, kw_only=True):
    """A container, whether it runs, and the names of a few containers that share its network, for a command."""

    owner: str
    runs: bool
    names: tuple[str, ...]


class LoopOfContainers(Struct, frozen=True, kw_only=True):
    """The names of a few containers, for a command, and whether the engine has given up to restart them."""

    names: tuple[str, ...]
    has_ended: bool = False


class OutOfMemory(Struct, frozen=True, kw_only=True):
    """The container, its own limit in bytes (0 for none), the file with the limit of a group above it, and whether it runs."""

    name: str
    own: int
    group: str
    runs: bool = False


class ProgramUnusable(Struct, frozen=True, kw_only=True):
    """The program that can't be executed.

    Attributes:
        names: a few of its containers.
        image: their image.
        kind: as in ``ProgramFault``.
        program: its path in the container.
        mounted: its path on the host if it is mounted from there, "" if it is in the image.
    """

    names: tuple[str, ...]
    image: str
    kind: str
    program: str
    mounted: str


class WrongArchitecture(Struct, frozen=True, kw_only=True):
    """The image, the architecture of the host, and a few of its containers."""

    image: str
    machine: str
    names: tuple[str, ...]


class SourceUnmounted(Struct, frozen=True, kw_only=True):
    """The mount point, whether it is mounted now, its containers, and the path in the first of them."""

    point: HostPath
    is_mounted: bool
    names: tuple[str, ...]
    target: str


class GpuProblem(Struct, frozen=True, kw_only=True):
    """The problem: ``toolkit``, ``driver`` or ``mismatch``."""

    kind: str


class CharLinks(Struct, frozen=True, kw_only=True):
    """Device node → its missing link; the path of nvidia-ctk, "" for none."""

    links: dict[str, str]
    tool: str
