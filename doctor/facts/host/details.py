"""Details of findings about the host's resources: values that a check hands to its fixer."""

from msgspec import Struct

from doctor.facts.host.disk_eaters import Eater


class Largest(Struct, frozen=True, kw_only=True):
    """What takes most of the space of a file system."""

    eaters: tuple[Eater, ...]


class TasksFull(Struct, frozen=True, kw_only=True):
    """(key, new value) of each limit that is near."""

    settings: tuple[tuple[str, int], ...]
