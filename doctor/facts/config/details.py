"""Details of findings about the engine's settings: values that a check hands to its fixer."""

from typing import Any

from msgspec import Struct

from doctor.facts.config.engine import GivenFlag, Place


class Conflict(Struct, frozen=True, kw_only=True):
    """A key that flags and the file set differently.

    Attributes:
        key: of daemon.json.
        flags: the flags that set it, each with its place.
        in_file: the value there; ``by_flag`` the flags' in the same form.
        joined: both together, where they don't contradict each other; ``None`` if they do.
    """

    key: str
    flags: tuple[GivenFlag, ...]
    in_file: Any
    by_flag: Any
    joined: Any


class DroppedOption(Struct, frozen=True, kw_only=True):
    """The option as written, with its value."""

    text: str


class BadFlag(Struct, frozen=True, kw_only=True):
    """The flag and where it stands, the flag that does the same today ("" for none), and those that a misspelt one could be."""

    flag: GivenFlag
    place: Place
    successor: str
    close: tuple[str, ...] = ()
