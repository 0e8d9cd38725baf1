"""Details of findings about containers: values that a check hands to its fixer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class ConfigDamaged(Struct, frozen=True, kw_only=True):
    """The file, a whole temporary file beside it if there is one, and where the container's files are."""

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
    """The container that gives way, and what it would take from the other one.

    Attributes:
        path: its config; ``host_path`` its host config.
        name: a free name for it.
        rivals: what it would take at the engine's start, since it restarts by itself ("port 8080/tcp"); empty for nothing.
    """

    path: HostPath
    host_path: HostPath
    name: str
    rivals: tuple[str, ...] = ()
