"""What findings about damaged state hand to their fixers: the thing they are about, nothing more.

Shared, since making a class of its own for each check costs a quarter of a millisecond of every scan.
"""

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
    """A layer, by its chain id without "sha256:"."""

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
