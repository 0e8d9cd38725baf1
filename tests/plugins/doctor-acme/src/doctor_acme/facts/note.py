"""The note on a host."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The text of /etc/acme-note."""

    text: str
