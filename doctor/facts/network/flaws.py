"""Corrupt records of a network database. ``network_judge`` finds them; most scans don't need it."""

from msgspec import Struct

from doctor.facts.databases.flawed_records import FlawedRecord, Records
from doctor.model.paths import HostPath
from doctor.model.text import is_one_bit_off


class NetworkFlaws(Struct, frozen=True, kw_only=True):
    """Corrupt records of a network database with valid pages.

    Attributes:
        path: the file.
        records: key → value with its index, of the newest tree.
        flawed: the corrupt ones among them.
        shared: values that containers also have.
    """

    path: HostPath
    records: Records
    flawed: tuple[FlawedRecord, ...]
    shared: tuple[tuple[tuple[str, str], str], ...] = ()

    @property
    def refused(self) -> tuple[FlawedRecord, ...]:
        """Return the records that stop the engine's start."""
        return tuple(one for one in self.flawed if one.refused)

    def is_about(self, identity: str) -> bool:
        """Whether a corrupt record belongs to this network, if need be with one bit of its key flipped back."""
        if any(one.kind == "bucket" for one in self.flawed):
            return True
        return any(known == identity or is_one_bit_off(known, identity) for one in self.flawed for known in one.ids)
