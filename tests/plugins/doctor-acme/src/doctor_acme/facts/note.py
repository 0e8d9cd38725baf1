"""The note on a host."""

from dataclasses import dataclass

from msgspec import Struct

from doctor.api import HostPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The text of /etc/acme-note."""

    text: str


class OfNote(Struct, frozen=True, kw_only=True):
    """Which note: what a finding carries for its fixer."""

    path: HostPath
