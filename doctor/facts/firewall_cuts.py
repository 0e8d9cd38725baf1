"""Where rules that the engine did not make decide over its traffic: what is cut, what is let through that should not be."""

from msgspec import Struct

from doctor.model.missing import Missing

FIRST, BETWEEN, USER, ISOLATION, ENGINE, NFT = "first", "between", "user", "isolation", "engine", "nft"


class Cut(Struct, frozen=True, kw_only=True):
    """One foreign rule that ends traffic of containers.

    Attributes:
        place: where it stands: ``first`` (in FORWARD above all of the engine's), ``between`` (below the first of those),
            ``user`` (reached from DOCKER-USER), ``isolation`` or ``engine`` (in a chain of the engine), ``nft`` (in another
            table).
        table: of iptables, or "inet fw" for a table of nft.
        chain: in which the foreign rule stands.
        rule: the foreign rule where it leaves the engine's rules, as its save command spells it; "policy drop" for an nft
            chain's policy.
        decided: the rule that ends the packet: the same, or one in a chain that it leads to.
        target: ``DROP`` or ``REJECT``.
        traffic: what is lost: ``egress``, ``port``, ``reply``.
        networks: names of the networks it hits.
        lift: the engine's rules of that chain which stand below it, in order.
        priority: of the base chain of a table of nft.
        bridges: interfaces of the networks.
    """

    place: str
    table: str
    chain: str
    rule: str
    decided: str
    target: str
    traffic: tuple[str, ...]
    networks: tuple[str, ...]
    bridges: tuple[str, ...] = ()
    lift: tuple[str, ...] = ()
    priority: int = 0

    @property
    def breaks_everything(self) -> bool:
        """Whether nothing gets out any more."""
        return "egress" in self.traffic or "reply" in self.traffic


class Hijack(Struct, frozen=True, kw_only=True):
    """A foreign nat rule that takes a published port's packets before the engine's rule can."""

    rule: str
    chain: str
    container: str
    port: str
    target: str


class TrafficCuts(Struct, frozen=True, kw_only=True):
    """What foreign rules do to the engine's traffic, IPv4.

    Attributes:
        cuts: rules that end packets.
        bypasses: rules in the engine's isolation chains that let networks reach each other; ``traffic`` is empty.
        unmasked: rules in nat POSTROUTING that end a packet before its source address is translated.
        hijacks: rules in nat PREROUTING that send a published port elsewhere.
        gaps: what could not be read.
    """

    cuts: tuple[Cut, ...] = ()
    bypasses: tuple[Cut, ...] = ()
    unmasked: tuple[Cut, ...] = ()
    hijacks: tuple[Hijack, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def at(self, *places: str) -> tuple[Cut, ...]:
        """Return the cuts in these places."""
        return tuple(cut for cut in self.cuts if cut.place in places)


class Lift(Struct, frozen=True, kw_only=True):
    """For fixers: rules of the engine that must stand above another rule of the same chain, IPv4."""

    table: str
    chain: str
    above: str
    rules: tuple[str, ...]
