"""Images whose config is missing while layers that only they need still exist."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class LostImage(Struct, frozen=True, kw_only=True):
    """A lost image in the metadata backup.

    Attributes:
        id: without "sha256:"; ``content`` is its config, which has that digest.
        path: the path of its config.
        names: its references.
        age: how old the backup is, in words.
    """

    id: str
    content: bytes
    path: HostPath
    names: tuple[str, ...]
    age: str

    @property
    def title(self) -> str:
        """Its first name, else its short id."""
        return self.names[0] if self.names else self.id[:12]


class LostImages(Struct, frozen=True, kw_only=True):
    """All lost images, by id.

    Attributes:
        items: those in the backup.
        directories: names in ``overlay2`` that no known image, container or build cache needs.
        missing: the missing directory of the image store that held the configs; ``None`` if it exists.
    """

    items: dict[str, LostImage] = {}
    directories: tuple[str, ...] = ()
    missing: HostPath | None = None
    gaps: tuple[Missing, ...] = ()
