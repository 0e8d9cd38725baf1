"""Other files that a swarm node needs: certificate, key, raft log and assigned tasks."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class DamagedFile(Struct, frozen=True, kw_only=True):
    """A file that the node can't read.

    Attributes:
        kind: ``pair`` (certificate or key), ``log`` or ``tasks``.
        path: the file.
        problem: what is wrong with it.
    """

    kind: str
    path: HostPath
    problem: str


class SwarmLog(Struct, frozen=True, kw_only=True):
    """The corrupt files of a node that has a certificate.

    Attributes:
        directory: ``swarm``.
        damaged: the files, in the order in which a start reads them.
        gaps: what could not be examined.
    """

    directory: HostPath
    damaged: tuple[DamagedFile, ...] = ()
    gaps: tuple[Missing, ...] = ()
