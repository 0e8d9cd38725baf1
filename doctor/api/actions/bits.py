"""Bits of a file that flipped, turned back."""

from msgspec import Struct

from doctor.facts.images.tag_readings import TagFlip
from doctor.model.errors import FormatError


class FlipBits(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: put the right byte at each place; what is right already stays.

    Raises ``FormatError`` where another byte stands there than was seen: somebody has written the file since.
    """

    flips: tuple[TagFlip, ...]

    def __call__(self, data: bytes) -> bytes:
        """Return the file with the bits turned back."""
        changed = bytearray(data)
        for flip in self.flips:
            if data[flip.position : flip.position + 1] not in {bytes((flip.was,)), bytes((flip.right,))}:
                raise FormatError(f"byte {flip.position} is not what it was", do="scan again")
            changed[flip.position] = flip.right
        return bytes(changed)
