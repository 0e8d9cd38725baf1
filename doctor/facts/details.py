"""Details of findings that only name a thing; those that say more are in ``facts/SUBJECT/details.py``."""

from msgspec import Struct

from doctor.model.paths import HostPath


class OfFile(Struct, frozen=True, kw_only=True):
    """A file or directory on the host."""

    path: HostPath


class OfHostConfig(Struct, frozen=True, kw_only=True):
    """A container's host config, and a whole temporary file beside it, if there is one."""

    path: HostPath
    sibling: HostPath | None


class OfLayer(Struct, frozen=True, kw_only=True):
    """A layer, by its chain ID without "sha256:"."""

    chain: str


class OfDirectory(Struct, frozen=True, kw_only=True):
    """A directory of overlay2, by its name."""

    directory: str


class OfDirectories(Struct, frozen=True, kw_only=True):
    """Several directories of overlay2."""

    directories: tuple[str, ...]


class OfImage(Struct, frozen=True, kw_only=True):
    """An image, by its id without "sha256:"."""

    identity: str


class OfMount(Struct, frozen=True, kw_only=True):
    """A container's mount record: the container's full id, and the names of the files that are wrong."""

    container_id: str
    files: tuple[str, ...]


class OfContainer(Struct, frozen=True, kw_only=True):
    """A container, by its full id."""

    container_id: str


class OfSysctl(Struct, frozen=True, kw_only=True):
    """A key of the kernel's settings."""

    key: str


class OfLimit(Struct, frozen=True, kw_only=True):
    """A limit of the kernel's, and the value that leaves room."""

    wanted: int


class OfLink(Struct, frozen=True, kw_only=True):
    """A network interface."""

    name: str
