"""tar-split files whose content can't be read."""

from msgspec import Struct

from doctor.model.missing import Missing


class TarSplits(Struct, frozen=True, kw_only=True):
    """Chain id → what is wrong with its tar-split; sound ones are not listed."""

    damaged: dict[str, str]
    gaps: tuple[Missing, ...] = ()
