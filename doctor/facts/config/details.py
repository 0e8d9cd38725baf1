"""Details of findings about the engine's settings: values that a check passes to its fixer."""

from typing import Any

from msgspec import Struct

from doctor.facts.config.engine import GivenFlag, Place


class Conflict(Struct, frozen=True, kw_only=True):
    """A key that is set both by flags and in the file.

    Attributes:
        key: of daemon.json.
        flags: the flags that set it, each with its location.
        in_file: the value in the file; ``by_flag`` that of the flags, in the same form.
        joined: both values merged; ``None`` if they contradict each other.
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
    """The flag and its location, the flag that replaces it today ("" for none), and the candidates for a misspelt one."""

    flag: GivenFlag
    place: Place
    successor: str
    close: tuple[str, ...] = ()
