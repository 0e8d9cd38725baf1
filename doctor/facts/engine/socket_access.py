"""Who may use the engine's Unix socket, as its settings say and as it is."""

from msgspec import Struct

from doctor.model.paths import HostPath


class SocketAccess(Struct, frozen=True, kw_only=True):
    """The group of the usual socket.

    Attributes:
        path: the socket.
        group: the group that it should have, by name; ``gid`` its number, ``None`` if no such group exists.
        place: where that is set, in words.
        by_systemd: systemd makes the socket; it fails without the group. dockerd goes on, unless the group ``is_set``.
        mode: the permission bits that it should have at least.
        found: its mode, owner and group, ``None`` if there is no socket.
        former: the line of the group in the backup of /etc/group, "" if there is none.
    """

    path: HostPath
    group: str
    place: str
    gid: int | None = None
    by_systemd: bool = False
    is_set: bool = False
    mode: int = 0o660
    found: tuple[int, int, int] | None = None
    former: str = ""

    @property
    def stops_start(self) -> bool:
        """Whether the engine can't be started without the group."""
        return self.gid is None and (self.by_systemd or self.is_set)

    @property
    def is_closed(self) -> bool:
        """Whether members of the group can't use a socket that the settings give them."""
        if self.gid is None or self.found is None or self.found[2] == self.gid == 0:
            return False
        mode, _, gid = self.found
        return gid != self.gid or mode & self.mode & 0o060 != self.mode & 0o060
