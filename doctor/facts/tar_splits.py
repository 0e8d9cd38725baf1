"""tar-split files whose content can't be read."""

from dataclasses import dataclass

from doctor.model.missing import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class TarSplits:
    """Chain id → what is wrong with its tar-split; sound ones are not listed."""

    damaged: dict[str, str]
    gaps: tuple[Missing, ...] = ()
