"""Names of images that a flipped bit changed."""

from typing import TYPE_CHECKING

from msgspec import Struct

from doctor.model.paths import HostPath

if TYPE_CHECKING:
    # Not needed for a valid list, as on nearly every host.
    from doctor.facts.images.tag_readings import AlteredTag


class AlteredTags(Struct, frozen=True, kw_only=True):
    """The altered parts of ``path``, at most 64; ``age`` is that of the backup, "" if none was read.

    Attributes:
        misled: names whose digest is altered: the image they name does not exist, but the right one may.
    """

    path: HostPath
    items: tuple["AlteredTag", ...] = ()
    age: str = ""

    @property
    def misled(self) -> frozenset[str]:
        """Return the names whose digest is altered."""
        return frozenset(item.name for item in self.items if item.part == "digest")
