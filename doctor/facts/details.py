"""Details of findings that only name a subject; others are in ``facts/SUBJECT/details.py``."""

from msgspec import Struct

from doctor.model.paths import HostPath


class OfFile(Struct, frozen=True, kw_only=True):
    """A file or directory on the host."""

    path: HostPath


class OfHostConfig(Struct, frozen=True, kw_only=True):
    """A container's host config, and a valid temporary file beside it, if there is one."""

    path: HostPath
    sibling: HostPath | None


class OfLayer(Struct, frozen=True, kw_only=True):
    """A layer, by its chain ID without "sha256:"."""

    chain: str


class OfDirectory(Struct, frozen=True, kw_only=True):
    """A layer directory, by its name."""

    directory: str


class OfDirectories(Struct, frozen=True, kw_only=True):
    """Several layer directories."""

    directories: tuple[str, ...]


class OfImage(Struct, frozen=True, kw_only=True):
    """An image, by its id without "sha256:"."""

    identity: str


class OfMount(Struct, frozen=True, kw_only=True):
    """A mount record: the container's full id, and the names of the wrong files."""

    container_id: str
    files: tuple[str, ...]


class OfContainer(Struct, frozen=True, kw_only=True):
    """A container, by its full id."""

    container_id: str


class OfSysctl(Struct, frozen=True, kw_only=True):
    """A kernel setting (sysctl), by its key."""

    key: str


class OfLimit(Struct, frozen=True, kw_only=True):
    """A kernel limit, and a sufficient value for it."""

    wanted: int


class OfLink(Struct, frozen=True, kw_only=True):
    """A network interface."""

    name: str
