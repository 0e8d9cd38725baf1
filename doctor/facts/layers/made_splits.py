"""tar-split files recreated from layer directories: proven by the layer's digest, or not here."""

from msgspec import Struct

from doctor.model.missing import Missing


class MadeSplit(Struct, frozen=True, kw_only=True):
    """One layer's.

    Attributes:
        content: the bytes of ``tar-split.json.gz``.
        directory: whose files make a tar with the layer's diff ID: so it proves the directory, too.
    """

    content: bytes
    directory: str


class MadeSplits(Struct, frozen=True, kw_only=True):
    """By chain ID, of layers that lost theirs and whose backup has none."""

    items: dict[str, MadeSplit]
    gaps: tuple[Missing, ...] = ()


class DeepMadeSplits(Struct, frozen=True, kw_only=True):
    """By chain ID, of layers whose own one was found damaged (``--deep``)."""

    items: dict[str, MadeSplit]
    gaps: tuple[Missing, ...] = ()
