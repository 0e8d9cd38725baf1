"""Parts of the list of image names that a flipped bit changed, and their possible original values."""

from msgspec import Struct


class TagFlip(Struct, frozen=True, kw_only=True):
    """A byte of the list: ``was`` is the byte at ``position``, one bit away from ``right``."""

    position: int
    was: int
    right: int


class Reading(Struct, frozen=True, kw_only=True):
    """A possible original value.

    Attributes:
        name: the corrected part.
        flips: the bytes to correct.
        source: another source that confirms it ("container web"), "" for none.
    """

    name: str
    flips: tuple[TagFlip, ...]
    source: str = ""


class AlteredTag(Struct, frozen=True, kw_only=True):
    """A part of the list that differs from what the engine wrote.

    Attributes:
        part: ``reference`` (a name), ``repository`` (the key above names), ``digest`` (the value of a name), ``either``
            (name and repository disagree, and it is unknown which is right) or ``list`` (the top-level key).
        name: the altered part; for a digest, its name.
        image: the digest in its entry.
        readings: possible original values, best first; empty if unknown.
        proof: why the first reading is right; "" if the user must decide.
        is_doubt: whether the name may be intended as it is.
    """

    part: str
    name: str
    image: str
    readings: tuple[Reading, ...]
    proof: str = ""
    is_doubt: bool = False
