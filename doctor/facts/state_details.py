"""What findings about damaged state hand to their fixers: the thing they are about, nothing more.

Shared, since making a class of its own for each check costs a quarter of a millisecond of every scan.
"""

from dataclasses import dataclass

from doctor.model.paths import HostPath


@dataclass(frozen=True, slots=True, kw_only=True)
class OfFile:
    """A file or directory on the host."""

    path: HostPath


@dataclass(frozen=True, slots=True, kw_only=True)
class OfLayer:
    """A layer, by its chain id without "sha256:"."""

    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDirectory:
    """A directory of overlay2, by its name."""

    directory: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDirectories:
    """Several directories of overlay2."""

    directories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfImage:
    """An image, by its id without "sha256:"."""

    identity: str
