"""What a swarm node needs beside its state: its certificate with the key, the raft log, the tasks it was given."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class DamagedFile(Struct, frozen=True, kw_only=True):
    """One file that the node can't read.

    Attributes:
        kind: ``pair`` (certificate or key), ``log`` or ``tasks``.
        path: the file.
        problem: what is wrong with it.
    """

    kind: str
    path: HostPath
    problem: str


class SwarmLog(Struct, frozen=True, kw_only=True):
    """The damaged ones of a node that has a certificate.

    Attributes:
        directory: ``swarm``.
        damaged: they, in the order in which a start reads them.
        gaps: what could not be examined.
    """

    directory: HostPath
    damaged: tuple[DamagedFile, ...] = ()
    gaps: tuple[Missing, ...] = ()
