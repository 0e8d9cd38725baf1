"""Which directory belongs to a layer whose record lost it: proven by the digest of the layer's tar, not guessed."""

from msgspec import Struct

from doctor.model.missing import Missing


class LayerProof(Struct, frozen=True, kw_only=True):
    """What could be proven of one layer with a damaged record.

    Attributes:
        chain: its chain ID.
        directory: the directory whose files, put together by the layer's tar-split, have the layer's diff ID; of a layer
            whose record is gone the one that all above it stands on; "" for none.
        size_bytes: the sum over the directory's files, each inode once; -1 if no directory is known.
        why: why no directory is proven, "" if one is.
    """

    chain: str
    directory: str
    size_bytes: int
    why: str = ""


class LayerProofs(Struct, frozen=True, kw_only=True):
    """Proofs for the layers that need one, by chain ID; a healthy root has none, and nothing is read for it."""

    items: dict[str, LayerProof]
    gaps: tuple[Missing, ...] = ()

    def of(self, chain: str) -> LayerProof:
        """Return the proof of a layer, an empty one where nothing was to be proven."""
        return self.items.get(chain) or LayerProof(chain=chain, directory="", size_bytes=-1, why="nothing was examined")
