"""Engines of ordinary users (rootless), and settings of the kernel that keep them from starting."""

from msgspec import Struct

from doctor.model.paths import HostPath


class RootlessEngine(Struct, frozen=True, kw_only=True):
    """An engine that a user has set up.

    Attributes:
        user: name of the user.
        unit: the user's unit file.
        is_enabled: whether it starts with the user's session or at boot.
        is_running: whether the user has a process of rootlesskit.
    """

    user: str
    unit: HostPath
    is_enabled: bool
    is_running: bool


class RootlessEngines(Struct, frozen=True, kw_only=True):
    """The engines, looked for only if a setting forbids user namespaces.

    Attributes:
        key, value: the setting that forbids them to ordinary users, "" if none does.
        items: the engines.
    """

    key: str = ""
    value: str = ""
    items: tuple[RootlessEngine, ...] = ()
