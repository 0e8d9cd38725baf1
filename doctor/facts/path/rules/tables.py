"""Tables with their chains in the one form; a chain is prepared when a packet first reaches it."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.path.rules import from_iptables, numbers
from doctor.facts.path.rules.form import Condition, PathChain, PathRule
from doctor.facts.path.rules.ipsets import IpSet
from doctor.facts.path.rules.values import Range
from doctor.formats.firewall import iptables_save
from doctor.formats.firewall.nft_json import NftChain, NftRule, NftRuleset

Spans = Mapping[int, Sequence[tuple[int, int]]]
"""By version: the addresses that packets of a walk may have, as sorted (first, last)."""

HOOKS = {
    "PREROUTING": "prerouting",
    "INPUT": "input",
    "FORWARD": "forward",
    "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}
BUILT_IN = {
    "filter": {"INPUT", "FORWARD", "OUTPUT"},
    "nat": {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"},
    "mangle": set(HOOKS),
    "raw": {"PREROUTING", "OUTPUT"},
    "security": {"INPUT", "FORWARD", "OUTPUT"},
}


class IptablesRules(Struct, frozen=True, kw_only=True):
    """The rules of one backend and one version of IP."""

    saved: Saved
    version: int

    @classmethod
    def of(cls, saved: Saved) -> "IptablesRules":
        """Return saved rules with their version."""
        return cls(saved=saved, version=6 if saved.save[0].startswith("ip6") else 4)

    @classmethod
    def parse(cls, command: str, text: str) -> "IptablesRules":
        """Return the rules that a command printed: such as ``ip6tables-legacy-save``."""
        return cls.of(Saved.of((command,), iptables_save.parse(text)))

    @property
    def backend(self) -> str:
        """The name of the command that lists them: such as ``ip6tables-legacy``."""
        return self.saved.save[0].removesuffix("-save").replace("-nft", "")

    @property
    def family(self) -> str:
        """The family of their tables."""
        return "ip" if self.version == 4 else "ip6"


class PathTable:
    """One table."""

    def __init__(self, build: Mapping[str, Callable[[], PathChain]]) -> None:
        self._build = build
        self._ready: dict[str, PathChain] = {}

    def get(self, name: str) -> PathChain | None:
        """Return a chain, ``None`` if it does not exist."""
        found = self._ready.get(name)
        if found is None and name in self._build:
            found = self._ready[name] = self._build[name]()
        return found


class Concern:
    """Decides which rules can match a packet of a walk at all, so that ten thousand bans cost nothing."""

    def __init__(self, spans: Spans | None = None) -> None:
        """Without ``spans`` every rule concerns a packet."""
        self._spans = spans

    def text(self, text: str, version: int) -> bool:
        """Whether a rule's first condition lets it match: most rules of a long list begin with an address."""
        if self._spans is None:
            return True
        words = text.split(" ", 4)
        if len(words) < 4 or words[2] not in {"-s", "-d"}:
            return True
        found = numbers.network(words[3])
        return not isinstance(found, Range) or self._overlaps(version, found.low, found.high)

    def expression(self, expressions: Sequence[Any]) -> bool:
        """Whether the first expression of a rule of nft lets it match, as ``text`` for iptables."""
        match = expressions[0].get("match") if self._spans is not None and expressions else None
        if not isinstance(match, dict) or match.get("op") != "==":
            return True
        left, right = match.get("left"), match.get("right")
        payload = left.get("payload") if isinstance(left, dict) else None
        if not isinstance(payload, dict) or payload.get("field") not in {"saddr", "daddr"}:
            return True
        version = {"ip": 4, "ip6": 6}.get(str(payload.get("protocol")), 0)
        prefix = right.get("prefix") if isinstance(right, dict) else None
        text = f"{prefix.get('addr')}/{prefix.get('len')}" if isinstance(prefix, dict) else right
        found = numbers.network(text) if version and isinstance(text, str) else None
        return not isinstance(found, Range) or self._overlaps(version, found.low, found.high)

    def rule(self, rule: PathRule, version: int) -> bool:
        """Whether the addresses of a rule can match. Statements before a condition have their effect anyway."""
        if self._spans is None or version not in self._spans:
            return True
        for part in rule.parts:
            if not isinstance(part, Condition):
                return True
            spans = part.matcher.spans() if part.field in {"saddr", "daddr"} and not part.is_negated else None
            if spans is not None and not any(self._overlaps(version, low, high) for low, high in spans):
                return False
        return True

    def _overlaps(self, version: int, low: int, high: int) -> bool:
        spans = None if self._spans is None else self._spans.get(version)
        if spans is None:
            return True
        place = bisect_right(spans, (high, 1 << 128)) - 1
        return place >= 0 and spans[place][1] >= low


def saved_tables(
    save: IptablesRules, sets: Mapping[str, IpSet], concern: Concern
) -> dict[str, tuple[PathTable, set[str]]]:
    """Return the tables of an iptables-save with the names of their chains."""
    names: dict[str, set[str]] = {}
    for table, chain in save.saved.by_chain:
        names.setdefault(table, set()).add(chain)
    return {
        table: (PathTable({name: _SavedChain(save, table, name, known, sets, concern) for name in known}), known)
        for table, known in names.items()
    }


class _SavedChain(Struct):
    """Prepares one chain of iptables."""

    save: IptablesRules
    table: str
    name: str
    chains: set[str]
    sets: Mapping[str, IpSet]
    concern: Concern

    def __call__(self) -> PathChain:
        version = self.save.version
        ready = (
            from_iptables.rule_of(rule, version=version, sets=self.sets, chains=self.chains)
            for rule in self.save.saved.rules(self.table, self.name)
            if self.concern.text(rule.text, version)
        )
        is_base = self.name in BUILT_IN.get(self.table, set())
        return PathChain(
            family=self.save.family,
            table=self.table,
            name=self.name,
            backend=self.save.backend,
            rules=tuple(rule for rule in ready if rule.parts and self.concern.rule(rule, version)),
            hook=HOOKS.get(self.name, "") if is_base else "",
            kind="nat" if self.table == "nat" else "filter",
            policy=self.save.saved.policy(self.table, self.name).lower(),
        )


class _NftChain(Struct):
    """Prepares one chain of nft."""

    chain: NftChain
    rules: Sequence[NftRule]
    named: dict[str, dict[str, Any]]
    concern: Concern

    def __call__(self) -> PathChain:
        from doctor.facts.path.rules import from_nft  # noqa: PLC0415 - most hosts have no other tables than those of iptables

        chain = self.chain
        version = {"ip": 4, "ip6": 6}.get(chain.family, 0)
        ready = (from_nft.rule_of(rule, self.named) for rule in self.rules if self.concern.expression(rule.expressions))
        return PathChain(
            family=chain.family,
            table=chain.table,
            name=chain.name,
            backend="nft",
            rules=tuple(rule for rule in ready if rule.parts and self.concern.rule(rule, version)),
            hook=chain.hook,
            kind=chain.kind,
            priority=chain.priority,
            policy=chain.policy or "accept",
            devices=chain.devices,
        )


def nft_tables(nft: NftRuleset, concern: Concern) -> dict[tuple[str, str], tuple[PathTable, list[NftChain]]]:
    """Return the tables of nft by family and name, with their chains as listed."""
    rules: dict[tuple[str, str, str], list[NftRule]] = {}
    for rule in nft.rules:
        rules.setdefault((rule.family, rule.table, rule.chain), []).append(rule)
    sets: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for (family, table, name), item in nft.sets.items():
        sets.setdefault((family, table), {})[name] = item
    tables: dict[tuple[str, str], list[NftChain]] = {}
    for chain in nft.chains:
        tables.setdefault((chain.family, chain.table), []).append(chain)
    return {
        place: (
            PathTable(
                {
                    chain.name: _NftChain(chain, rules.get((*place, chain.name), ()), sets.get(place, {}), concern)
                    for chain in chains
                }
            ),
            chains,
        )
        for place, chains in tables.items()
    }


def spans_of(networks: Iterable[str]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return networks and addresses as spans by version, sorted, overlapping ones joined.

    >>> spans_of(["10.0.0.0/31", "10.0.0.2"])[4]
    ((167772160, 167772161), (167772162, 167772162))
    """
    found: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
    for text in networks:
        one = numbers.network(text)
        if isinstance(one, Range):
            found[6 if ":" in text else 4].append((one.low, one.high))
    return {version: _merged(spans) for version, spans in found.items()}


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)
