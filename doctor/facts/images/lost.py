"""Images whose config is gone while layers that only they need are left."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class LostImage(Struct, frozen=True, kw_only=True):
    """An image as the metadata backup has it.

    Attributes:
        id: without "sha256:"; ``content`` is its config, which has that hash.
        path: where the config was.
        names: references that meant it.
        age: how old the backup is, in words.
    """

    id: str
    content: bytes
    path: HostPath
    names: tuple[str, ...]
    age: str

    @property
    def title(self) -> str:
        """What a person calls it: its first name, else its short id."""
        return self.names[0] if self.names else self.id[:12]


class LostImages(Struct, frozen=True, kw_only=True):
    """All of them by id.

    Attributes:
        items: those that the backup tells of.
        directories: names in ``overlay2`` that no image, container or build cache which is still known needs.
        missing: the directory of the image store that is gone, its configs with it; ``None`` if they have theirs.
    """

    items: dict[str, LostImage] = {}
    directories: tuple[str, ...] = ()
    missing: HostPath | None = None
    gaps: tuple[Missing, ...] = ()
