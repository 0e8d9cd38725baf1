"""The certificate and key files of the engine's TCP listener."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class TlsProblem(Struct, frozen=True, kw_only=True):
    """The problem with one file.

    Attributes:
        key: the setting, ``tlscert``, ``tlscacert`` or ``tlskey``; ``place`` its location.
        why: in words ("expired on 2021-01-01").
        stops_start: whether dockerd refuses to start with it.
    """

    key: str
    path: HostPath
    place: str
    why: str
    stops_start: bool = False


class TlsListener(Struct, frozen=True, kw_only=True):
    """The engine's TLS listener: the problems with its files."""

    problems: tuple[TlsProblem, ...] = ()
    gaps: tuple[Missing, ...] = ()
