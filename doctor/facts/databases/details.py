"""Details of findings about databases: values that a check hands to its fixer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class BuildCacheBroken(Struct, frozen=True, kw_only=True):
    """BuildKit's directory, the damaged files with whether each can be mended by itself, and damaged records."""

    directory: HostPath
    files: tuple[tuple[HostPath, bool], ...]
    records: tuple[tuple[bytes, bytes], ...] = ()
