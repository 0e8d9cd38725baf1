"""The verdict of single chains on ordinary packets, for checks that compare rules: which rule decides, and whether that is certain."""

from collections.abc import Iterator
from functools import lru_cache

from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.path.rules.evaluate import ChainVerdict, End, Evaluation
from doctor.facts.path.rules.form import ACCEPT, PathChain, PathRule
from doctor.facts.path.rules.from_iptables import rule_of
from doctor.facts.path.rules.packet import NOTHING_KNOWN, Packet
from doctor.facts.path.rules.tables import Concern, IptablesRules, PathTable, Spans, nft_tables, saved_tables
from doctor.formats.firewall.iptables_save import Rule
from doctor.formats.firewall.nft_json import NftRuleset


class Walker:
    """Evaluates packets in the chains of one backend."""

    def __init__(self, saved: Saved, spans: Spans | None = None) -> None:
        """Rules about addresses outside of ``spans`` are skipped, so that ten thousand bans cost nothing."""
        self.saved = saved
        tables = saved_tables(IptablesRules.of(saved), {}, Concern(spans))
        self._tables: dict[str, PathTable] = {name: table for name, (table, _) in tables.items()}

    def verdict(self, table: str, chain: str, packet: Packet) -> ChainVerdict:
        """Return the verdict of a built-in chain on a packet."""
        found = self._tables.get(table)
        ready = None if found is None else found.get(chain)
        if found is None or ready is None:
            return ChainVerdict(chain=_missing(table, chain), main=End(kind=ACCEPT, path=(), packet=packet))
        return Evaluation(found, NOTHING_KNOWN).run(ready, packet)


def _missing(table: str, chain: str) -> PathChain:
    return PathChain(family="ip", table=table, name=chain, backend="iptables", rules=())


class NftWalker:
    """Evaluates packets in the chains of nft."""

    def __init__(self, ruleset: NftRuleset) -> None:
        self.ruleset = ruleset
        self._tables = nft_tables(ruleset, Concern())

    def forward(self, packet: Packet) -> Iterator[ChainVerdict]:
        """Yield the verdict of each base chain on the forward hook."""
        return self.at("forward", packet)

    def at(
        self, hook: str, packet: Packet, kinds: frozenset[str] = frozenset({"filter", ""})
    ) -> Iterator[ChainVerdict]:
        """Yield the verdict of each base chain on a hook; a packet must pass all of them."""
        for base in self.ruleset.base_chains(hook):
            if base.kind not in kinds:
                continue
            table, _ = self._tables[base.family, base.table]
            chain = table.get(base.name)
            if chain is not None:
                yield Evaluation(table, NOTHING_KNOWN).run(chain, packet)


@lru_cache(maxsize=4096)
def prepared(rule: Rule) -> PathRule:
    """Return a rule in the one form; each name that is not a target of iptables is taken for a chain."""
    return rule_of(rule)


def matches(rule: Rule, packet: Packet) -> bool:
    """Whether a rule certainly matches a packet."""
    return prepared(rule).holds(packet, NOTHING_KNOWN) is True
