"""The addresses of engines in users' client settings, and whether an engine listens there."""

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.model.paths import HostPath

LOCAL = frozenset({"", *(f"unix://{path}" for path in docker.SOCKETS)})
"""Addresses of this host's engine."""


class ClientEndpoint(Struct, frozen=True, kw_only=True):
    """One setting that selects an engine for a user's docker commands.

    Attributes:
        user: the user's name, "" for all users.
        file: the file with the setting.
        setting: the setting in words ("DOCKER_HOST", 'context "desktop-linux"').
        address: the address ("unix:///run/user/1000/docker.sock"), credentials masked; "" for a context without one.
        problem: why no command works, "" if something listens there or if that is unknown.
        command: what resets the setting, "" if the line has to be removed from the file.
    """

    user: str
    file: HostPath
    setting: str
    address: str
    problem: str = ""
    command: str = ""


class ClientEndpoints(Struct, frozen=True, kw_only=True):
    """The settings of all users of this host that can be read, in the order of /etc/passwd; those for all users first."""

    items: tuple[ClientEndpoint, ...] = ()

    @property
    def dead(self) -> tuple[ClientEndpoint, ...]:
        """Return those where nothing listens, except at the socket of this host's engine: that is another problem."""
        return tuple(one for one in self.items if one.problem and (one.address not in LOCAL or not one.address))

    def chosen_by_all(self, addresses: frozenset[str]) -> ClientEndpoint | None:
        """Return the setting for all users that names one of these addresses, ``None`` without one."""
        return next((one for one in self.items if not one.user and one.address in addresses), None)
