"""The name servers and host names of running containers: resolv.conf and hosts as they are now, and as the engine wrote them."""

from msgspec import Struct

from doctor.model.missing import Missing


class ChangedFile(Struct, frozen=True, kw_only=True):
    """A file of a running container that was changed after its start.

    Attributes:
        container: its name.
        path: of the file on the host, which is mounted into the container.
        now: its content, ``wanted`` the engine's; empty if that is not known for certain.
        servers: the name servers that it names now (resolv.conf).
        lines: lines of it that hide other containers: (line, name, right address) of each (hosts).
        is_own: whether containers resolve the names of others by the engine's name server there.
    """

    container: str
    path: str
    now: bytes
    wanted: bytes = b""
    servers: tuple[str, ...] = ()
    lines: tuple[tuple[str, str, str], ...] = ()
    is_own: bool = False


class NameFiles(Struct, frozen=True, kw_only=True):
    """All such files: ``resolvers`` the changed resolv.conf, ``hosts`` the hosts files that hide other containers."""

    resolvers: tuple[ChangedFile, ...] = ()
    hosts: tuple[ChangedFile, ...] = ()
    gaps: tuple[Missing, ...] = ()
