"""Files through which whoever can write them becomes root: their modes and owners."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class GuardedFile(Struct, frozen=True, kw_only=True):
    """One file that is there.

    Attributes:
        what: in a few words ("the engine's settings").
        mode: its permission bits; ``allowed`` the most it should have.
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
        """Return the bits that are too many; the order of magnitude of an octal number says nothing."""
        return self.mode & ~self.allowed & 0o777


class GuardedFiles(Struct, frozen=True, kw_only=True):
    """The engine's sockets, settings, units and keys, as far as they are there.

    Attributes:
        items: the files.
        docker_group: members of the group docker by /etc/group: root in all but name.
        gaps: what could not be examined.
    """

    items: tuple[GuardedFile, ...]
    docker_group: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()
