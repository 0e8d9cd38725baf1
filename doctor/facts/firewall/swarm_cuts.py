"""Rules that drop the packets of other swarm nodes."""

from msgspec import Struct

from doctor.model.missing import Missing


class SwarmCut(Struct, frozen=True, kw_only=True):
    """A rule that drops packets of other swarm nodes.

    Attributes:
        table: "filter", or "inet fw" for a table of nft; ``is_nft`` whether it is one.
        chain: the base chain; ``rule`` the deciding rule, or the chain's policy, in words.
        ports: what it drops ("4789/udp", "esp").
        peers: addresses of the nodes whose packets it drops.
        handle: handle of the rule in an nft base chain, 0 if its policy decides.
    """

    table: str
    chain: str
    rule: str
    ports: tuple[str, ...]
    peers: tuple[str, ...]
    is_nft: bool = False
    handle: int = 0


class SwarmCuts(Struct, frozen=True, kw_only=True):
    """All rules that certainly drop packets between swarm nodes."""

    items: tuple[SwarmCut, ...] = ()
    gaps: tuple[Missing, ...] = ()
