"""Files that give root to anyone who can write them: their modes and owners."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class GuardedFile(Struct, frozen=True, kw_only=True):
    """One existing file.

    Attributes:
        what: its content in a few words ("the engine's settings").
        mode: its permission bits; ``allowed`` the most permissive ones that are safe.
        kind: letter of its type.
    """

    path: HostPath
    what: str
    kind: str
    mode: int
    allowed: int
    uid: int
    gid: int

    @property
    def excess(self) -> int:
        """Return the permission bits beyond the allowed ones."""
        return self.mode & ~self.allowed & 0o777


class GuardedFiles(Struct, frozen=True, kw_only=True):
    """The engine's sockets, settings, units and keys that exist.

    Attributes:
        items: the files.
        docker_group: members of the group docker in /etc/group: equivalent to root.
        gaps: what could not be examined.
    """

    items: tuple[GuardedFile, ...]
    docker_group: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()
