"""Details of findings about the host's resources: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.facts.host.disk_eaters import Eater


class Largest(Struct, frozen=True, kw_only=True):
    """The largest consumers of space on a file system.

    Attributes:
        path: the directory at which it is examined, and ``used_bytes`` of it in all; 0 if they do not matter.
    """

    eaters: tuple[Eater, ...]
    path: str = ""
    used_bytes: int = 0

    @property
    def explains_little(self) -> bool:
        """Whether something else than these has most of the used space."""
        return sum(eater.size_bytes for eater in self.eaters) * 2 < self.used_bytes


class TasksFull(Struct, frozen=True, kw_only=True):
    """(key, new value) of each limit that is nearly reached."""

    settings: tuple[tuple[str, int], ...]
