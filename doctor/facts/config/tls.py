"""The files with which the engine encrypts its TCP listener."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class TlsProblem(Struct, frozen=True, kw_only=True):
    """What is wrong with one file.

    Attributes:
        key: the setting, ``tlscert``, ``tlscacert`` or ``tlskey``; ``place`` where it is set.
        why: in words ("expired on 2021-01-01").
        stops_start: whether dockerd refuses to start with it.
    """

    key: str
    path: HostPath
    place: str
    why: str
    stops_start: bool = False


class TlsListener(Struct, frozen=True, kw_only=True):
    """The engine's TLS listener: what is wrong with its files."""

    problems: tuple[TlsProblem, ...] = ()
    gaps: tuple[Missing, ...] = ()
