"""Where rules that the engine did not make decide over its traffic: what is cut, what is let through that should not be."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.severity import Severity

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
        handle: of the rule in that base chain, 0 if its policy decides.
        bridges: interfaces of the networks.
        is_narrow: whether a rule on the way asks for anything: an interface, a source, a port, a mark, a comment.
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
        """Whether it looks meant: somebody named the traffic, or only what comes in is cut.

        A firewall's last rule, which ends whatever is left, was written for this host and not against its containers.
        """
        return self.is_narrow or set(self.traffic) == {"port"}

    @property
    def breaks_everything(self) -> bool:
        """Whether nothing gets out any more."""
        return "egress" in self.traffic or "reply" in self.traffic


def wish_severity(cut: Cut) -> Severity | None:
    """Return how bad a rule that looks meant is, ``None`` for one that does not: then a check's own severity holds."""
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
    """For fixers: rules of the engine that must stand above another rule of the same chain, IPv4.

    Attributes:
        passes: whether traffic then passes that rule: it is somebody's, and ended it.
        is_wish: whether the rule looks meant, see ``Cut``.
    """

    table: str
    chain: str
    above: str
    rules: tuple[str, ...]
    passes: bool = False
    is_wish: bool = False

    @classmethod
    def of(cls, cut: Cut) -> "Lift":
        """Return what must move for a cut to end nothing any more."""
        return cls(table=cut.table, chain=cut.chain, above=cut.rule, rules=cut.lift, passes=True, is_wish=cut.is_wish)
