"""Names of images that a flipped bit has changed."""

from typing import TYPE_CHECKING

from msgspec import Struct

from doctor.model.paths import HostPath

if TYPE_CHECKING:
    # A list that is in order, as on nearly every host, has no use for these.
    from doctor.facts.images.tag_readings import AlteredTag


class AlteredTags(Struct, frozen=True, kw_only=True):
    """What is altered in ``path``, at most 64 parts; ``age`` is that of the backup, "" if none was looked at.

    Attributes:
        misled: names whose digest is altered: that there is no such image says nothing of an image.
    """

    path: HostPath
    items: tuple["AlteredTag", ...] = ()
    age: str = ""

    @property
    def misled(self) -> frozenset[str]:
        """Return the names whose digest is altered."""
        return frozenset(item.name for item in self.items if item.part == "digest")
