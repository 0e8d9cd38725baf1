"""The engine's authorization plugins that do not answer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class DeadPlugin(Struct, frozen=True, kw_only=True):
    """A plugin of the settings without a listener: its name, and its socket; ``exists``: whether the socket's file is left."""

    name: str
    socket: HostPath
    exists: bool


class AuthorizationPlugins(Struct, frozen=True, kw_only=True):
    """The plugins that the settings name: each without a listener. Plugins on TCP, and managed ones, are not judged."""

    dead: tuple[DeadPlugin, ...] = ()
