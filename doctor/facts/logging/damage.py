"""json-file logs with corrupt bytes, which ``docker logs`` can't read."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class DamagedLog(Struct, frozen=True, kw_only=True):
    """One corrupt log.

    Attributes:
        container_id: its container.
        path: the file.
        kinds: kinds of corruption: ``nul``, ``truncated``, ``garbage``; each once, sorted.
        offset: offset of the first corrupt byte.
        bytes_lost: number of bytes that don't belong to a valid line.
    """

    container_id: str
    path: HostPath
    kinds: tuple[str, ...]
    offset: int
    bytes_lost: int


class LogDamage(Struct, frozen=True, kw_only=True):
    """The corrupt logs of all containers; only the end of a large log is examined."""

    items: tuple[DamagedLog, ...]
    gaps: tuple[Missing, ...] = ()
