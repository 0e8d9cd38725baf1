"""The one form of a rule: parts in the order in which the kernel takes them, which are conditions, changes and verdicts."""

from collections.abc import Callable, Iterator
from functools import cached_property

from msgspec import Struct

from doctor.facts.path.rules.fields import Reader
from doctor.facts.path.rules.index import SHORT, Keys, RuleIndex, needed
from doctor.facts.path.rules.packet import Packet, Surroundings
from doctor.facts.path.rules.values import ABSENT, Matcher, Table
from doctor.formats.firewall.iptables_save import Rule
from doctor.formats.firewall.nft_json import NftRule

ACCEPT, DROP, REJECT, RETURN, JUMP, GOTO, CONTINUE = "accept", "drop", "reject", "return", "jump", "goto", "continue"
QUEUE, STOLEN = "queue", "stolen"
"""A program decides about the packet; the packet leaves this path for another one."""

DROPS = frozenset({DROP, REJECT})
ENDS = frozenset({ACCEPT, DROP, REJECT, QUEUE, STOLEN})


class Condition(Struct, frozen=True):
    """One condition.

    Attributes:
        read: returns the field of a packet.
        field: its name, if it is an address or an interface: ``saddr``, ``daddr``, ``iif``, ``oif``; or ``state``.
        text: as messages show it.
    """

    read: Reader
    matcher: Matcher
    is_negated: bool = False
    field: str = ""
    text: str = ""

    def holds(self, packet: Packet, scope: Surroundings) -> bool | None:
        """Whether the packet meets it, ``None`` if unknown."""
        value = self.read(packet, scope)
        if value is ABSENT:
            return False
        found = self.matcher.has(value)
        return None if found is None else found != self.is_negated


class Change(Struct, frozen=True):
    """A statement that changes the packet or its connection.

    Attributes:
        kind: ``mark``, ``dnat``, ``snat``, ``masquerade``, ``redirect``, ``notrack``, ``ttl`` …
        apply: returns the changed packet.
        is_nat: whether it ends the rule set of nat for this packet.
    """

    kind: str
    apply: Callable[[Packet, Surroundings], Packet]
    is_nat: bool = False


class Doubt(Struct, frozen=True):
    """A condition that can't be judged: a rate, a time, an extension."""

    text: str


class RuleVerdict(Struct, frozen=True):
    """The end of a rule: ``accept``, ``drop``, ``jump`` … with the chain that it leads to."""

    kind: str
    target: str = ""


class VerdictMap(Struct, frozen=True):
    """A verdict that is looked up by fields of the packet."""

    read: Reader
    table: Table
    text: str = ""


class AnyOf(Struct, frozen=True):
    """Several possible verdicts, one of which applies."""

    verdicts: tuple[RuleVerdict, ...]


Part = Condition | Change | Doubt | RuleVerdict | VerdictMap | AnyOf


class PathRule(Struct, frozen=True):
    """A rule.

    Attributes:
        parts: in the order of evaluation.
        text: as messages show it.
        origin: the rule as it was read.
        is_plain: whether it has no condition and matches every packet; a comment counts as a condition.
    """

    parts: tuple[Part, ...]
    text: str
    origin: Rule | NftRule
    is_plain: bool = False

    @property
    def handle(self) -> int:
        """Its number in the kernel, 0 if unknown."""
        return self.origin.handle if isinstance(self.origin, NftRule) else 0

    @property
    def leading(self) -> Iterator[Condition]:
        """The conditions before any statement: if one of them fails, the rule has no effect."""
        for part in self.parts:
            if isinstance(part, Condition):
                yield part
            elif not isinstance(part, Doubt):
                return

    @property
    def verdict(self) -> RuleVerdict | None:
        """Its only possible verdict, ``None`` if it has none or several."""
        return next((part for part in self.parts if isinstance(part, RuleVerdict)), None)

    def holds(self, packet: Packet, scope: Surroundings) -> bool | None:
        """Whether all conditions are met, ``None`` if unknown; changes of the packet are not considered."""
        result: bool | None = True
        for part in self.parts:
            held = part.holds(packet, scope) if isinstance(part, Condition) else None
            if held is False:
                return False
            if held is None and isinstance(part, Condition | Doubt):
                result = None
        return result


class PathChain(Struct, frozen=True, dict=True):
    """A chain with its rules, prepared.

    Attributes:
        family: ``ip``, ``ip6``, ``inet``, ``bridge``, ``arp`` or ``netdev``; ``table`` and ``name`` its place.
        backend: the command that lists it: ``iptables``, ``iptables-legacy``, ``ip6tables`` … or ``nft``.
        hook: ``forward`` …, "" for one that is only jumped to.
        kind: ``filter``, ``nat`` or ``route``.
        devices: of a chain at ingress or egress.
    """

    family: str
    table: str
    name: str
    backend: str
    rules: tuple[PathRule, ...]
    hook: str = ""
    kind: str = ""
    priority: int = 0
    policy: str = ACCEPT
    devices: tuple[str, ...] = ()

    def rules_for(self, keys: Keys) -> tuple[tuple[int, PathRule], ...]:
        """Return the rules that may have an effect on a packet with these values, with their positions."""
        return self._all if len(self.rules) <= SHORT else self._index.of(keys)

    @cached_property
    def _all(self) -> tuple[tuple[int, PathRule], ...]:
        return tuple(enumerate(self.rules))

    @cached_property
    def _index(self) -> RuleIndex[PathRule]:
        return RuleIndex(self.rules, (needed(rule.leading) for rule in self.rules))

    @property
    def text(self) -> str:
        """Its place in words: "chain FORWARD of table filter (iptables)"."""
        owner = (
            f"nft table {self.family} {self.table}" if self.backend == "nft" else f"table {self.table} ({self.backend})"
        )
        return f"chain {self.name} of {owner}"
