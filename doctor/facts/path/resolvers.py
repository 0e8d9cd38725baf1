"""The engine's name server inside containers: rules in a container's namespace lead 127.0.0.11 to the ports where it listens."""

from msgspec import Struct

from doctor.model.missing import Missing

ADDRESS = "127.0.0.11"
RULES = {
    "ip nat OUTPUT": 1,
    "ip nat POSTROUTING": 1,
    "ip nat DOCKER_OUTPUT": 2,
    "ip nat DOCKER_POSTROUTING": 2,
}
"""How many rules the engine writes into which chain of a container's namespace (moby libnetwork, resolver_unix.go)."""


class RulelessResolver(Struct, frozen=True, kw_only=True):
    """A container whose name server listens and whose rules are missing.

    Attributes:
        container: its id; ``name`` its name.
        pid: a process in its namespace, ``inode`` of the namespace.
        tcp: port of the listening socket at 127.0.0.11, ``udp`` of the other one.
        rules: the rules that are there, as ``NetNamespace.nft_rules`` counts them.
    """

    container: str
    name: str
    pid: int
    inode: int
    tcp: int
    udp: int
    rules: dict[str, int]


class RulelessResolvers(Struct, frozen=True, kw_only=True):
    """All such containers."""

    items: tuple[RulelessResolver, ...] = ()
    gaps: tuple[Missing, ...] = ()
