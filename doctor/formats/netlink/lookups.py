"""Questions about a packet's route (RTM_GETROUTE), and the kernel's answers."""

from msgspec import Struct

UNKNOWN = "unknown"
"""Error of an answer that nobody knows: the host was recorded, or is predicted."""


class RouteQuestion(Struct, frozen=True, kw_only=True):
    """A packet, as the kernel's routing sees it.

    Attributes:
        pid: a process in the network namespace, 0 for the host.
        source: "" if the packet has none yet.
        iif: number of the interface it comes by, 0 if it is sent here; ``oif`` of the one that its socket is bound to.
        mark: of the packet.
        ipproto: number of the protocol, 0 for none; ``sport``, ``dport`` its ports.
    """

    pid: int = 0
    version: int = 4
    destination: str
    source: str = ""
    iif: int = 0
    oif: int = 0
    mark: int = 0
    ipproto: int = 0
    sport: int = 0
    dport: int = 0


class RouteAnswer(Struct, frozen=True, kw_only=True):
    """Where the packet goes.

    Attributes:
        error: name of the error ("ENETUNREACH"), "unknown" if nobody knows, "" if there is a route.
        kind: "unicast", "local", "blackhole", …
        link: number of the outgoing interface; ``gateway`` the next hop, "" if the receiver is on the link.
        source: the sender's address that the kernel would use.
        mtu: of the route, 0 if it is the link's.
        is_redirect: whether the packet goes back to where it came from, so that the sender gets a redirect.
    """

    error: str = ""
    kind: str = "unicast"
    link: int = 0
    gateway: str = ""
    source: str = ""
    table: int = 0
    mtu: int = 0
    is_redirect: bool = False
