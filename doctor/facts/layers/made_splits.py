"""tar-split files recreated from layer directories, each proven by the layer's digest."""

from msgspec import Struct

from doctor.model.missing import Missing


class MadeSplit(Struct, frozen=True, kw_only=True):
    """The tar-split of one layer.

    Attributes:
        content: the bytes of ``tar-split.json.gz``.
        directory: the layer directory; its tar has the layer's diff ID, which also proves the directory.
    """

    content: bytes
    directory: str


class MadeSplits(Struct, frozen=True, kw_only=True):
    """By chain ID, of layers whose own is missing, also in the backup."""

    items: dict[str, MadeSplit]
    gaps: tuple[Missing, ...] = ()


class DeepMadeSplits(Struct, frozen=True, kw_only=True):
    """By chain ID, of layers whose own is corrupt (``--deep``)."""

    items: dict[str, MadeSplit]
    gaps: tuple[Missing, ...] = ()
