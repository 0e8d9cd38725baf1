"""Names of images that a flipped bit has changed."""

from msgspec import Struct

from doctor.model.paths import HostPath


class Flip(Struct, frozen=True, kw_only=True):
    """A byte of the list: ``was`` stands at ``position``, and is one bit away from ``right``."""

    position: int
    was: int
    right: int


class Reading(Struct, frozen=True, kw_only=True):
    """What may have stood there.

    Attributes:
        name: how the altered part then reads.
        flips: what leads back to it.
        told: who else tells it ("container web"), "" for nobody.
    """

    name: str
    flips: tuple[Flip, ...]
    told: str = ""


class AlteredTag(Struct, frozen=True, kw_only=True):
    """A part of the list that is not what the engine wrote.

    Attributes:
        part: ``reference`` (a name), ``repository`` (what stands above names), ``digest`` (what a name means), ``either``
            (a name and what stands above it disagree, and nothing tells which is right) or ``list`` (the key of it all).
        name: the part as it stands; of a digest the name that means it.
        image: the digest that stands with it.
        readings: what may have stood there, best first; none where nothing tells.
        proof: why the first reading is right; "" where a person has to say it.
        is_doubt: whether a person may have given the name as it stands.
    """

    part: str
    name: str
    image: str
    readings: tuple[Reading, ...]
    proof: str = ""
    is_doubt: bool = False


class AlteredTags(Struct, frozen=True, kw_only=True):
    """What is altered in ``path``, at most 64 parts; ``age`` is that of the backup, "" where none was looked at.

    Attributes:
        misled: names whose digest is altered: that there is no such image says nothing of an image.
    """

    path: HostPath
    items: tuple[AlteredTag, ...] = ()
    age: str = ""

    @property
    def misled(self) -> frozenset[str]:
        """Return the names whose digest is altered."""
        return frozenset(item.name for item in self.items if item.part == "digest")
