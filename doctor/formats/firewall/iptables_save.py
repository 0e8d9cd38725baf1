"""Parses the output of iptables-save: tables, chains and rules in order, each rule with its exact text."""

from msgspec import Struct

from doctor.formats.firewall.iptables_rule import CanonicalRule, canonical, split_words
from doctor.model.errors import FormatError


class Chain(Struct, frozen=True, kw_only=True):
    """A chain and its counters.

    Attributes:
        table: "filter", "nat", "raw", "mangle" or "security".
        name: the chain.
        policy: "ACCEPT" or "DROP" for a built-in chain; None for a user-defined chain.
        packets: how many packets met the policy.
        bytes: how many bytes.
    """

    table: str
    name: str
    policy: str | None
    packets: int
    bytes: int


class Rule(Struct, frozen=True, kw_only=True):
    """One rule as saved.

    Attributes:
        table: its table.
        chain: its chain.
        text: the line without its counters, "-A FORWARD -j DOCKER-USER", as input for iptables-restore.
        line: its line in the output, counted from 1.
        packets: packets that matched it; None without saved counters (`-c`).
    """

    table: str
    chain: str
    text: str
    line: int
    packets: int | None = None

    @property
    def canonical(self) -> CanonicalRule:
        """The canonical form of the rule."""
        return canonical(split_words(self.text)[2:])


class Ruleset(Struct, frozen=True, kw_only=True):
    """The firewall of one backend and one family.

    Attributes:
        chains: in the order saved.
        rules: of all tables, in the order saved.
        lines: the output itself, line by line; `render` reproduces it.
    """

    chains: tuple[Chain, ...]
    rules: tuple[Rule, ...]
    lines: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there are no rules, no user-defined chains and only ACCEPT policies: this backend is unused."""
        return not self.rules and all(chain.policy == "ACCEPT" for chain in self.chains)

    def chain(self, table: str, name: str) -> Chain | None:
        """A chain, None if it doesn't exist."""
        return next((chain for chain in self.chains if chain.name == name and chain.table == table), None)

    def of(self, table: str, chain: str) -> tuple[Rule, ...]:
        """The rules of a chain in evaluation order."""
        return tuple(rule for rule in self.rules if rule.chain == chain and rule.table == table)


def parse(text: str) -> Ruleset:
    r"""The rules that `iptables-save`, `iptables-legacy-save` or their IPv6 twins printed.

    Raises:
        FormatError: an unknown line, or truncated output (a table without COMMIT).

    >>> saved = "*nat\n:DOCKER - [0:0]\n-A DOCKER -i docker0 -j RETURN\nCOMMIT\n"
    >>> parse(saved).of("nat", "DOCKER")[0].text
    '-A DOCKER -i docker0 -j RETURN'
    """
    lines = tuple(text.split("\n"))
    chains: list[Chain] = []
    rules: list[Rule] = []
    table = ""
    for number, line in enumerate(lines, start=1):
        first = line[:1]
        if first in {"-", "["} and table:
            rules.append(_parse_rule(line, table, number))
        elif first == ":" and table:
            chains.append(_parse_chain(line, table, number))
        elif first == "*" and not table:
            table = line[1:].strip()
        elif line.strip() == "COMMIT" and table:
            table = ""
        elif first != "#" and line.strip():
            raise FormatError(f"not a line of iptables-save: {line[:60]!r}", where=f"line {number}")
    if table:
        raise FormatError(f"iptables-save ended within table {table[:30]!r}", where=f"line {len(lines)}")
    return Ruleset(chains=tuple(chains), rules=tuple(rules), lines=lines)


def render(ruleset: Ruleset) -> str:
    """The text that was parsed, byte for byte."""
    return "\n".join(ruleset.lines)


def _parse_chain(line: str, table: str, number: int) -> Chain:
    words = line[1:].split()
    try:
        name, policy = words[0], words[1]
        packets, size = (int(count) for count in words[2].strip("[]").split(":")) if len(words) > 2 else (0, 0)
    except (ValueError, IndexError):
        raise FormatError("not a chain of iptables-save", where=f"line {number}") from None
    return Chain(table=table, name=name, policy=None if policy == "-" else policy, packets=packets, bytes=size)


def _parse_rule(line: str, table: str, number: int) -> Rule:
    text, packets = line, None
    try:
        if line[0] == "[":
            counters, _, text = line.partition(" ")
            packets = int(counters.strip("[]").split(":")[0])
        verb, chain = text.split(None, 2)[:2]
    except ValueError:
        raise FormatError("not a rule of iptables-save", where=f"line {number}") from None
    if verb not in {"-A", "-I"}:
        raise FormatError("not a rule of iptables-save", where=f"line {number}")
    return Rule(table=table, chain=chain, text=text.rstrip("\r"), line=number, packets=packets)
