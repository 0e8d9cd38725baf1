"""Sockets of the host that wait for traffic, and published ports that they are in the way of."""

from msgspec import Struct

from doctor.formats.network.proc_net import Listener as Listener  # noqa: PLC0414 - part of the fact
from doctor.model.missing import Missing

ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, never bound


class Listeners(Struct, frozen=True, kw_only=True):
    """Listening TCP and bound UDP sockets of the host's network namespace (/proc/net/tcp and its like)."""

    items: tuple[Listener, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def on(self, protocol: str, address: str, port: int) -> Listener | None:
        """Return a socket that keeps another from binding this address and port, or ``None``.

        A wildcard is in the way of every address, and every address in the way of a wildcard; "::" takes IPv4 too unless
        its owner said otherwise, which /proc does not tell.
        """
        for item in self.items:
            if item.port != port or not item.protocol.startswith(protocol):
                continue
            if address in ANY or item.address in ANY or item.address == address:
                return item
        return None


class PortConflict(Struct, frozen=True, kw_only=True):
    """A published port of a container that is not running and can't start, since something else has the port.

    Attributes:
        container: its name; ``error`` what the engine noted at the last attempt, "" for nothing.
        protocol: ``tcp`` or ``udp``; ``address`` and ``port`` as the container asks for them.
        listener: the socket in the way.
        pid: of its owner, 0 if unknown; ``owner`` its program and arguments.
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
    """All of them."""

    items: tuple[PortConflict, ...] = ()
    gaps: tuple[Missing, ...] = ()
