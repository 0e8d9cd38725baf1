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


class StartError(Struct, frozen=True, kw_only=True):
    """The remedy for the error of a container's last start; "" if the error is unknown."""

    do: str
