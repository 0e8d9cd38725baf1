"""Corrupt tar-split files."""

from msgspec import Struct

from doctor.model.missing import Missing


class TarSplits(Struct, frozen=True, kw_only=True):
    """Chain ID → problem of its tar-split; valid ones are not listed."""

    damaged: dict[str, str]
    gaps: tuple[Missing, ...] = ()


class AlteredSplits(Struct, frozen=True, kw_only=True):
    """Chain ID → problem of a tar-split whose content differs from the metadata backup.

    Absent if there is no backup: then only ``--deep`` reads whole tar-splits.
    """

    damaged: dict[str, str]
    gaps: tuple[Missing, ...] = ()
