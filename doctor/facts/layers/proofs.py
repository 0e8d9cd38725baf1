"""The directory of a layer whose record does not name it, proven by the digest of the layer's tar."""

from msgspec import Struct

from doctor.model.missing import Missing


class LayerProof(Struct, frozen=True, kw_only=True):
    """The proof for one layer with a corrupt record.

    Attributes:
        directory: the directory whose tar, reassembled by the layer's tar-split, has the layer's diff ID; for a layer
            without a record the one that all layers above it name; "" for none.
        size_bytes: the sum over the directory's files, each inode once; -1 if no directory is known.
        why: why no directory is proven, "" if one is.
    """

    directory: str
    size_bytes: int
    why: str = ""


class LayerProofs(Struct, frozen=True, kw_only=True):
    """Proofs for the layers that need one, by chain ID; none on a healthy root, and nothing is read."""

    items: dict[str, LayerProof]
    gaps: tuple[Missing, ...] = ()

    def of(self, chain: str) -> LayerProof:
        """Return the proof of a layer, an empty one if no proof was needed."""
        return self.items.get(chain) or LayerProof(directory="", size_bytes=-1, why="nothing was examined")
