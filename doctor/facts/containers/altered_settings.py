"""Settings of containers that a flipped bit has changed, as the metadata backup shows."""

from msgspec import Struct

from doctor.facts.backup.files import KeptFile
from doctor.model.paths import HostPath


class AlteredFile(Struct, frozen=True, kw_only=True):
    """A file that differs from its kept one in a single bit.

    Attributes:
        title: of the container.
        position: of the byte that differs.
        kept: the file as it was.
    """

    title: str
    position: int
    kept: KeptFile


class AlteredSettings(Struct, frozen=True, kw_only=True):
    """By path. Absent where there is no backup."""

    items: dict[HostPath, AlteredFile]
