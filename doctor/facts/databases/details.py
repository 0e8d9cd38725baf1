"""Details of findings about databases: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class BuildCacheBroken(Struct, frozen=True, kw_only=True):
    """BuildKit's directory, the corrupt files and whether each can be repaired on its own, and corrupt records."""

    directory: HostPath
    files: tuple[tuple[HostPath, bool], ...]
    records: tuple[tuple[bytes, bytes], ...] = ()
