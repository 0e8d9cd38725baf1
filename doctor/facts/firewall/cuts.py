"""Rules of others that affect the engine's traffic: they drop it, or pass traffic that the engine's rules block."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.severity import Severity

FIRST, BETWEEN, USER, ISOLATION, ENGINE, NFT = "first", "between", "user", "isolation", "engine", "nft"


class Cut(Struct, frozen=True, kw_only=True):
    """One foreign rule that drops traffic of containers.

    Attributes:
        place: its position: ``first`` (in FORWARD above all rules of the engine), ``between`` (below the first of those),
            ``user`` (reached from DOCKER-USER), ``isolation`` or ``engine`` (in a chain of the engine), ``nft`` (in another
            table).
        table: the table of iptables, or "inet fw" for a table of nft.
        chain: the chain of the foreign rule.
        rule: the foreign rule, or the jump to it, in the spelling of its save command; "policy drop" for an nft
            chain's policy.
        decided: the rule that drops the packet: the same, or one in a chain that it jumps to.
        target: ``DROP`` or ``REJECT``.
        traffic: the dropped traffic: ``egress``, ``port``, ``reply``.
        networks: names of the affected networks.
        lift: the engine's rules below it in that chain, in order.
        priority: priority of the base chain of a table of nft.
        handle: handle of the rule in that base chain, 0 if its policy decides.
        bridges: interfaces of the networks.
        is_narrow: whether a rule on the way has any condition: an interface, a source, a port, a mark, a comment.
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
    handle: int = 0
    is_narrow: bool = False

    @property
    def is_wish(self) -> bool:
        """Whether it looks intentional: it names the traffic, or drops only incoming packets.

        The last rule of a firewall, which drops everything else, is meant for the host and not for its containers.
        """
        return self.is_narrow or set(self.traffic) == {"port"}

    @property
    def breaks_everything(self) -> bool:
        """Whether no outgoing traffic passes."""
        return "egress" in self.traffic or "reply" in self.traffic


def wish_severity(cut: Cut) -> Severity | None:
    """Return the severity of a rule that looks intentional; ``None`` for another: the check's own severity applies."""
    if not cut.is_wish:
        return None
    return Severity.WARNING if cut.breaks_everything else Severity.INFO


class Hijack(Struct, frozen=True, kw_only=True):
    """A foreign nat rule that takes a published port's packets before the engine's rule can."""

    rule: str
    chain: str
    container: str
    port: str
    target: str


class TrafficCuts(Struct, frozen=True, kw_only=True):
    """The effect of foreign rules on the engine's traffic, IPv4.

    Attributes:
        cuts: rules that drop packets.
        bypasses: rules in the engine's isolation chains that connect networks; ``traffic`` is empty.
        unmasked: rules in nat POSTROUTING that accept a packet before its source address is translated.
        hijacks: rules in nat PREROUTING that send a published port elsewhere.
        gaps: what could not be read.
    """

    cuts: tuple[Cut, ...] = ()
    bypasses: tuple[Cut, ...] = ()
    unmasked: tuple[Cut, ...] = ()
    hijacks: tuple[Hijack, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def at(self, *places: str) -> tuple[Cut, ...]:
        """Return the cuts at these places."""
        return tuple(cut for cut in self.cuts if cut.place in places)


class Lift(Struct, frozen=True, kw_only=True):
    """For fixers: rules of the engine that must be moved above another rule of the same chain, IPv4.

    Attributes:
        passes: whether traffic then bypasses that rule of others, which dropped it.
        is_wish: whether the rule looks intentional, see ``Cut``.
    """

    table: str
    chain: str
    above: str
    rules: tuple[str, ...]
    passes: bool = False
    is_wish: bool = False

    @classmethod
    def of(cls, cut: Cut) -> "Lift":
        """Return the rules that must be moved so that a cut drops nothing."""
        return cls(table=cut.table, chain=cut.chain, above=cut.rule, rules=cut.lift, passes=True, is_wish=cut.is_wish)
