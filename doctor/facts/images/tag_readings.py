"""What a flipped bit has made of a part of the list of images' names, and what may have stood there."""

from msgspec import Struct


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
        source: another source that shows it ("container web"), "" for none.
    """

    name: str
    flips: tuple[Flip, ...]
    source: str = ""


class AlteredTag(Struct, frozen=True, kw_only=True):
    """A part of the list that is not what the engine wrote.

    Attributes:
        part: ``reference`` (a name), ``repository`` (what stands above names), ``digest`` (what a name means), ``either``
            (a name and what stands above it disagree, and nothing tells which is right) or ``list`` (the key of it all).
        name: the part as it stands; of a digest the name that means it.
        image: the digest that stands with it.
        readings: what may have stood there, best first; none where nothing tells.
        proof: why the first reading is right; "" if a person has to say it.
        is_doubt: whether a person may have given the name as it stands.
    """

    part: str
    name: str
    image: str
    readings: tuple[Reading, ...]
    proof: str = ""
    is_doubt: bool = False
