"""Details of findings about security layers: values that a check passes to its fixer."""

from msgspec import Struct


class UnloadedProfile(Struct, frozen=True, kw_only=True):
    """The AppArmor profile that a container names."""

    profile: str
