"""Details of findings about images: values that a check passes to its fixer."""

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from doctor.facts.images.tag_readings import AlteredTag


class OfTag(Struct, frozen=True, kw_only=True):
    """A tag that a flipped bit changed."""

    item: "AlteredTag"
