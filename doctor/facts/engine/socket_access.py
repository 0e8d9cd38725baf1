"""The group and permissions of the engine's Unix socket, configured and actual."""

from msgspec import Struct

from doctor.model.paths import HostPath


class SocketAccess(Struct, frozen=True, kw_only=True):
    """Access to the default socket.

    Attributes:
        path: the socket.
        group: name of the group that it should have; ``gid`` its number, ``None`` if no such group exists.
        place: what sets the group, in words.
        by_systemd: whether systemd creates the socket and fails without the group. dockerd continues, unless ``is_set``.
        mode: the least permission bits that it should have.
        found: its mode, owner and group, ``None`` if there is no socket.
        former: the line of the group in the backup of /etc/group, "" for none.
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
        """Whether the engine does not start without the group."""
        return self.gid is None and (self.by_systemd or self.is_set)

    @property
    def is_closed(self) -> bool:
        """Whether members of the group can't use the socket although the settings allow it."""
        if self.gid is None or self.found is None or self.found[2] == self.gid == 0:
            return False
        mode, _, gid = self.found
        return gid != self.gid or mode & self.mode & 0o060 != self.mode & 0o060
