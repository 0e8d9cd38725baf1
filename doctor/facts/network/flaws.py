"""What is damaged in the records of a network database. How that is judged stands in ``network_judge``: most scans need none of it."""

from msgspec import Struct

from doctor.facts.databases.flawed_records import FlawedRecord, Records
from doctor.model.paths import HostPath
from doctor.model.text import is_one_bit_off


class NetworkFlaws(Struct, frozen=True, kw_only=True):
    """What is damaged in a network database whose pages are whole.

    Attributes:
        path: of the file.
        records: key → value with its index, of the newest tree.
        flawed: the damaged ones among them.
        shared: values that containers hold too.
        age: how old the backup is that some are compared with, in words.
    """

    path: HostPath
    records: Records
    flawed: tuple[FlawedRecord, ...]
    shared: tuple[tuple[tuple[str, str], str], ...] = ()
    age: str = ""

    @property
    def refused(self) -> tuple[FlawedRecord, ...]:
        """Those on which the engine does not start."""
        return tuple(one for one in self.flawed if one.refused)

    def is_about(self, identity: str) -> bool:
        """Whether a flawed record is one of this network, or would be but for one bit of its key."""
        if any(one.kind == "bucket" for one in self.flawed):
            return True
        return any(known == identity or is_one_bit_off(known, identity) for one in self.flawed for known in one.ids)
