"""tar-split files whose content can't be read."""

from msgspec import Struct

from doctor.model.missing import Missing


class TarSplits(Struct, frozen=True, kw_only=True):
    """Chain id → what is wrong with its tar-split; sound ones are not listed."""

    damaged: dict[str, str]
    gaps: tuple[Missing, ...] = ()


class AlteredSplits(Struct, frozen=True, kw_only=True):
    """Chain id → what is wrong with a tar-split that has another content than the metadata backup kept of it.

    Absent where there is no backup: then only ``--deep`` reads tar-splits to their end.
    """

    damaged: dict[str, str]
    gaps: tuple[Missing, ...] = ()
