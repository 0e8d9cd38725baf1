"""Details of findings about the host's resources: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.facts.host.disk_eaters import Eater


class Largest(Struct, frozen=True, kw_only=True):
    """The largest consumers of space on a file system."""

    eaters: tuple[Eater, ...]


class TasksFull(Struct, frozen=True, kw_only=True):
    """(key, new value) of each limit that is nearly reached."""

    settings: tuple[tuple[str, int], ...]
