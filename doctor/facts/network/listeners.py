"""Listening sockets of the host, and published ports that conflict with them."""

from msgspec import Struct

from doctor.formats.network.proc_net import Listener as Listener  # noqa: PLC0414 - part of the fact
from doctor.model.missing import Missing

ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, never bound


class Listeners(Struct, frozen=True, kw_only=True):
    """Listening TCP and bound UDP sockets of the host's network namespace (/proc/net/tcp and others)."""

    items: tuple[Listener, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def on(self, protocol: str, address: str, port: int) -> Listener | None:
        """Return a socket that prevents another from binding this address and port, or ``None``.

        A wildcard conflicts with every address, and every address with a wildcard. "::" includes IPv4 unless its owner set
        IPV6_V6ONLY, which /proc does not show.
        """
        for item in self.items:
            if item.port != port or not item.protocol.startswith(protocol):
                continue
            if address in ANY or item.address in ANY or item.address == address:
                return item
        return None


class PortConflict(Struct, frozen=True, kw_only=True):
    """A published port of a stopped container that can't start, because another program uses the port.

    Attributes:
        container: its name; ``error`` the error that the engine recorded at the last attempt, "" for none.
        protocol: ``tcp`` or ``udp``; ``address`` and ``port`` as requested by the container.
        listener: the conflicting socket.
        pid: pid of its owner, 0 if unknown; ``owner`` its program and arguments.
    """

    container: str
    error: str
    protocol: str
    address: str
    port: int
    listener: Listener
    pid: int = 0
    owner: str = ""


class PortConflicts(Struct, frozen=True, kw_only=True):
    """All port conflicts."""

    items: tuple[PortConflict, ...] = ()
    gaps: tuple[Missing, ...] = ()
