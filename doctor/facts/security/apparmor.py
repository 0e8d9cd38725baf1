"""AppArmor of this host, as the engine uses it."""

from msgspec import Struct

DEFAULT = "docker-default"
"""The profile that the engine loads itself, for each container without another one."""


class AppArmor(Struct, frozen=True, kw_only=True):
    """AppArmor where the kernel has it enabled.

    Attributes:
        parser: path of apparmor_parser, which loads profiles; "" without it.
        profiles: names of the loaded profiles.
        fault: the error of apparmor_parser on a profile such as the engine's default one; "" if it can be loaded or is loaded.
    """

    parser: str
    profiles: frozenset[str]
    fault: str = ""
