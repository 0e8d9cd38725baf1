"""The name servers that the engine gave to running containers."""

from msgspec import Struct

from doctor.model.missing import Missing


class ContainerServers(Struct, frozen=True, kw_only=True):
    """Name servers of one running container, from the resolv.conf that the engine wrote.

    Attributes:
        container: its name.
        path: of the file on the host.
        source: the host's file that the engine copied, "" if the file does not show it: an engine before 26, or another writer.
        servers: that its queries reach in the end; of those of the engine's name server the ones outside.
        asked_here: those of them that are asked in the container's network: the engine asks the others in the host's.
        is_chosen: whether somebody chose the servers for this container (``--dns``).
        is_replaced: whether its programs ask other servers than the engine's: the file was changed since, as VPN clients in
            containers do, or another file is mounted over it.
    """

    container: str
    path: str
    source: str = ""
    servers: tuple[str, ...] = ()
    asked_here: tuple[str, ...] = ()
    is_chosen: bool = False
    is_replaced: bool = False


class ResolvFiles(Struct, frozen=True, kw_only=True):
    """Those of all running containers with a network of their own."""

    items: tuple[ContainerServers, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def replaced(self) -> frozenset[str]:
        """Return the names of the containers that do not ask the engine's name server."""
        return frozenset(item.container for item in self.items if item.is_replaced)
