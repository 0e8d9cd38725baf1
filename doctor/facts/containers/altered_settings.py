"""Settings of containers that a flipped bit changed, according to the metadata backup."""

from msgspec import Struct

from doctor.facts.backup.files import KeptFile
from doctor.model.paths import HostPath


class AlteredFile(Struct, frozen=True, kw_only=True):
    """A file that differs from its backup in a single bit.

    Attributes:
        title: title of the container.
        position: position of the byte that differs.
        kept: content of the file in the backup.
    """

    title: str
    position: int
    kept: KeptFile


class AlteredSettings(Struct, frozen=True, kw_only=True):
    """By path. Absent if there is no backup."""

    items: dict[HostPath, AlteredFile]
