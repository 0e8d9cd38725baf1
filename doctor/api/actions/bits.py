"""Correction of flipped bits in a file."""

from msgspec import Struct

from doctor.facts.images.tag_readings import TagFlip
from doctor.model.errors import FormatError


class FlipBits(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: write the right byte at each position; a no-op for bytes that are right.

    Raises ``FormatError`` if a byte is another one than before: the file was written since.
    """

    flips: tuple[TagFlip, ...]

    def __call__(self, data: bytes) -> bytes:
        """Return the file with the bits corrected."""
        changed = bytearray(data)
        for flip in self.flips:
            if data[flip.position : flip.position + 1] not in {bytes((flip.was,)), bytes((flip.right,))}:
                raise FormatError(f"byte {flip.position} has changed since the scan", do="scan again")
            changed[flip.position] = flip.right
        return bytes(changed)
