"""json-file logs with bytes that ``docker logs`` can't read."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class DamagedLog(Struct, frozen=True, kw_only=True):
    """One log.

    Attributes:
        container_id: whose it is.
        path: the file.
        kinds: what is in it: ``nul``, ``torn``, ``garbage``; each once, sorted.
        offset: of the first damaged byte.
        bytes_lost: how many bytes are no line of it.
    """

    container_id: str
    path: HostPath
    kinds: tuple[str, ...]
    offset: int
    bytes_lost: int


class LogDamage(Struct, frozen=True, kw_only=True):
    """The damaged ones among the logs of all containers; only the end of a big log is looked at."""

    items: tuple[DamagedLog, ...]
    gaps: tuple[Missing, ...] = ()
